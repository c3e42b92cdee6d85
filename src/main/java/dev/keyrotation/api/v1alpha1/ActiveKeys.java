package dev.keyrotation.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;

/** The keys that are in use. */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record ActiveKeys(
    @JsonPropertyDescription(
            "Their revision; 1 stands for the keys that were found at the first rotation.")
        long revision,
    @JsonPropertyDescription("Their fingerprints.") KeyFingerprints fingerprints,
    @JsonPropertyDescription("Since when, RFC 3339.") String since) {}
