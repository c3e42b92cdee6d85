package dev.keyrotation.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import org.jspecify.annotations.Nullable;

/** A copy of the master key in another Secret, for a client of LiteLLM. */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record SecretCopy(
    @Required @Size(min = 1, max = 253) @JsonPropertyDescription("Name of the Secret.") String name,
    @Size(min = 1, max = 63)
        @JsonPropertyDescription(
            "Its namespace; that of the KeyRotation when it is not set. In another namespace the"
                + " Secret has to grant it: annotation keyrotation.dev/copy-of with the value"
                + " <namespace>/<name> of this KeyRotation.")
        @Nullable String namespace,
    @Default("LITELLM_MASTER_KEY")
        @Size(min = 1, max = 253)
        @JsonPropertyDescription("Data key that holds the master key.")
        String key) {

  public SecretCopy(String name, @Nullable String namespace, @Nullable String key) {
    this.name = name;
    this.namespace = namespace;
    this.key = key == null ? "LITELLM_MASTER_KEY" : key;
  }

  /** The namespace of the Secret, for a KeyRotation in {@code own}. */
  public String namespaceFor(String own) {
    return namespace == null ? own : namespace;
  }
}
