package dev.keyrotation.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Required;

/** Where a connection URL is read from. */
public record UrlSource(
    @Required
        @JsonPropertyDescription(
            "Secret entry that holds the URL, in the form that LiteLLM reads:"
                + " postgresql://user:password@host:port/database?sslmode=...")
        SecretKeyRef secretKeyRef) {}
