package dev.keyrotation.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import org.jspecify.annotations.Nullable;

/** One variable of an environment file. */
public record EnvironmentFileRef(
    @Required
        @Size(min = 1, max = 4096)
        @Pattern("^/[^\\n\\r]*$")
        @JsonPropertyDescription("Absolute path of the file.")
        String path,
    @Default("DATABASE_URL")
        @Size(min = 1, max = 253)
        @Pattern(SystemdUnitTarget.VARIABLE)
        @JsonPropertyDescription("Variable within the file.")
        String name) {

  public EnvironmentFileRef(String path, @Nullable String name) {
    this.path = path;
    this.name = name == null ? "DATABASE_URL" : name;
  }
}
