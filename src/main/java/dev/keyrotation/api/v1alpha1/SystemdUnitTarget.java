package dev.keyrotation.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;

/** A systemd unit that runs LiteLLM. */
public record SystemdUnitTarget(
    @Required
        @Size(min = 1, max = 253)
        @Pattern("^[A-Za-z0-9:_.\\\\@-]+\\.service$")
        @JsonPropertyDescription("Name of the unit, for example litellm.service.")
        String unit,
    @Required
        @Size(min = 1, max = 4096)
        @Pattern("^/")
        @JsonPropertyDescription("Absolute path of the file from which the unit reads its keys.")
        String environmentFile) {}
