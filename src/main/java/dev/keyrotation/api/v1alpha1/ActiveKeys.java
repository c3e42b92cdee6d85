package dev.keyrotation.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import org.jspecify.annotations.Nullable;

/** The keys that are in use. */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record ActiveKeys(
    @JsonPropertyDescription(
            "Their revision; 1 stands for the keys that were found at the first rotation.")
        long revision,
    @JsonPropertyDescription("Fingerprint of the master key. It is no hash that LiteLLM knows.")
        String masterFingerprint,
    @JsonPropertyDescription("Fingerprint of the salt key; absent when there is none.")
        @Nullable String saltFingerprint,
    @JsonPropertyDescription("Since when, RFC 3339.") String since) {}
