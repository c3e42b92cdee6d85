package dev.keyrotation.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import org.jspecify.annotations.Nullable;

/** A Deployment whose pods run LiteLLM. */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record DeploymentTarget(
    @Required
        @Size(min = 1, max = 253)
        @JsonPropertyDescription("Name of the Deployment, in the namespace of the KeyRotation.")
        String name,
    @Size(min = 1, max = 63)
        @JsonPropertyDescription(
            "Container that runs LiteLLM. Needed when the pod has several and none is called `litellm`.")
        @Nullable String container,
    @Min(1)
        @Max(65535)
        @JsonPropertyDescription(
            "Port of LiteLLM's HTTP API. By default the container's port called `http`, else its first, else 4000.")
        @Nullable Integer port) {}
