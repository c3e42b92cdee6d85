package dev.keyrotation.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Required;

/** Where a private key is read from. */
public record PrivateKeySource(
    @Required @JsonPropertyDescription("Secret entry that holds the private key.")
        SecretKeyRef secretKeyRef) {}
