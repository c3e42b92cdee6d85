package dev.keyrotation.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;

/** How far the present step is. */
public record Progress(
    @JsonPropertyDescription("Units done.") long done,
    @JsonPropertyDescription("Units in all.") long total,
    @JsonPropertyDescription("What is counted, for example rows or pods.") String unit) {}
