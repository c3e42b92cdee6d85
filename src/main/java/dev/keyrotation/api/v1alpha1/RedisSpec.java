package dev.keyrotation.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import org.jspecify.annotations.Nullable;

/** The Redis server through which LiteLLM instances share their cache of keys. */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record RedisSpec(
    @Required
        @JsonPropertyDescription(
            "Where the connection URL is read from: redis://user:password@host:port/database, with"
                + " TLS rediss. A Redis Cluster is not supported.")
        UrlSource urlFrom,
    @Size(min = 1, max = 128)
        @JsonPropertyDescription(
            "What LiteLLM puts before the names of its entries: cache_params.namespace in its"
                + " configuration.")
        @Nullable String namespace) {}
