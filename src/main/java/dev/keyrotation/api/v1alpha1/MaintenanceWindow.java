package dev.keyrotation.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;

/** A time in which rotations may begin. */
public record MaintenanceWindow(
    @Required
        @Size(min = 9, max = 128)
        @Pattern(RotateSpec.CRON_PATTERN)
        @JsonPropertyDescription(
            "When it opens: a cron expression of five fields in spec.rotate.timeZone, for example `0 22 * * 6`.")
        String start,
    @Required
        @Pattern(RotationDuration.PATTERN)
        @JsonPropertyDescription(
            "How long it stays open, for example 4h. Elapsed time, also when clocks change.")
        String duration) {}
