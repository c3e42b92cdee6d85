package dev.keyrotation.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The Secret from which the running instances read their keys. */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public record SecretRef(
    @Required
        @Size(min = 1, max = 253)
        @JsonPropertyDescription("Name of the Secret, in the namespace of the KeyRotation.")
        String name,
    @Default("LITELLM_MASTER_KEY")
        @Size(min = 1, max = 253)
        @JsonPropertyDescription(
            "Data key that holds the master key. The litellm-helm chart uses `masterkey`.")
        String masterKey,
    @Default("LITELLM_SALT_KEY")
        @Size(min = 1, max = 253)
        @JsonPropertyDescription(
            "Data key that holds the salt key. When the Secret has no such entry and the instances"
                + " have no LITELLM_SALT_KEY, the master key encrypts the data.")
        String saltKey,
    @Size(max = 16)
        @JsonPropertyDescription(
            "Data keys that hold copies of the master key (a smoke test's, a health check's). They"
                + " are given the new master key together with `masterKey`; preflight warns of one"
                + " that differs now.")
        List<String> mirrors,
    @Size(max = 16)
        @JsonPropertyDescription(
            "Copies of the master key in other Secrets, for clients of LiteLLM, in the order in"
                + " which they are given the new one: while instances accept both. One is changed"
                + " only if it holds the present master key; preflight refuses any other.")
        List<SecretCopy> copies) {

  /** Without copies elsewhere. */
  public SecretRef(
      String name,
      @Nullable String masterKey,
      @Nullable String saltKey,
      @Nullable List<String> mirrors) {
    this(name, masterKey, saltKey, mirrors, null);
  }

  public SecretRef(
      String name,
      @Nullable String masterKey,
      @Nullable String saltKey,
      @Nullable List<String> mirrors,
      @Nullable List<SecretCopy> copies) {
    this.name = name;
    this.masterKey = masterKey == null ? "LITELLM_MASTER_KEY" : masterKey;
    this.saltKey = saltKey == null ? "LITELLM_SALT_KEY" : saltKey;
    this.mirrors = mirrors == null ? List.of() : List.copyOf(mirrors);
    this.copies = copies == null ? List.of() : List.copyOf(copies);
  }
}
