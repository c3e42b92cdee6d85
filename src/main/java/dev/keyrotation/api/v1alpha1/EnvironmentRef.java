package dev.keyrotation.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Size;
import org.jspecify.annotations.Nullable;

/** One variable of a process. */
public record EnvironmentRef(
    @Default("DATABASE_URL")
        @Size(min = 1, max = 253)
        @Pattern(SystemdUnitTarget.VARIABLE)
        @JsonPropertyDescription("Name of the variable.")
        String name) {

  public EnvironmentRef(@Nullable String name) {
    this.name = name == null ? "DATABASE_URL" : name;
  }
}
