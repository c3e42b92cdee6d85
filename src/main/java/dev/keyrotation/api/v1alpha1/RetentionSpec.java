package dev.keyrotation.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Pattern;
import org.jspecify.annotations.Nullable;

/** How long what a rotation replaced is kept. */
public record RetentionSpec(
    @Default("5")
        @Min(1)
        @Max(50)
        @JsonPropertyDescription("Number of ended rotations in status.history.")
        int history,
    @Default("30d")
        @Pattern(RotationDuration.PATTERN)
        @JsonPropertyDescription(
            "How long the previous keys' Secrets and the copied ciphertext are kept after a rotation. Database backups"
                + " older than that can no longer be read with a kept key.")
        String previousKeys) {

  public RetentionSpec(int history, @Nullable String previousKeys) {
    this.history = history == 0 ? 5 : history;
    this.previousKeys = previousKeys == null ? "30d" : previousKeys;
  }

  /** What a resource without {@code retention} gets. */
  public static RetentionSpec defaults() {
    return new RetentionSpec(5, "30d");
  }
}
