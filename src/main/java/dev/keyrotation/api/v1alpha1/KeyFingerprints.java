package dev.keyrotation.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import org.jspecify.annotations.Nullable;

/** Tells the keys of a revision apart from others without saying what they are. */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record KeyFingerprints(
    @JsonPropertyDescription("Fingerprint of the master key. It is no hash that LiteLLM knows.")
        String master,
    @JsonPropertyDescription("Fingerprint of the salt key; absent when there is none.")
        @Nullable String salt) {}
