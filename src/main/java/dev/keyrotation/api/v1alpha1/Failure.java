package dev.keyrotation.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;

/** Something that went wrong. */
public record Failure(
    @JsonPropertyDescription("The step in which it happened.") StepName step,
    @JsonPropertyDescription("Reason, one of the documented condition reasons.") String reason,
    @JsonPropertyDescription("What is wrong, where, and what to do.") String message,
    @JsonPropertyDescription("When, RFC 3339.") String time) {}
