package dev.keyrotation.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.soabase.recordbuilder.core.RecordBuilder;

/** Something that the looks after a rotation found, of one kind. */
@RecordBuilder
public record SoakProblem(
    @JsonPropertyDescription("What it is, one of the documented condition reasons.") String reason,
    @JsonPropertyDescription(
            "How much of it was found in all looks: answers of instances, lines of logs, or stored"
                + " values at the time when most were found.")
        long count,
    @JsonPropertyDescription("What is wrong and where, as the last look that found it said.")
        String message,
    @JsonPropertyDescription("When it was found first, RFC 3339.") String firstSeen,
    @JsonPropertyDescription("When it was found last, RFC 3339.") String lastSeen)
    implements SoakProblemBuilder.With {}
