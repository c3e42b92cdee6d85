package dev.keyrotation.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;

/** One entry of a ConfigMap. */
public record ConfigMapKeyRef(
    @Required
        @Size(min = 1, max = 253)
        @JsonPropertyDescription("Name of the ConfigMap, in the namespace of the KeyRotation.")
        String name,
    @Required @Size(min = 1, max = 253) @JsonPropertyDescription("Data key within the ConfigMap.")
        String key) {}
