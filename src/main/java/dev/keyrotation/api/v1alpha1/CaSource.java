package dev.keyrotation.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import org.jspecify.annotations.Nullable;

/** Where certificates of authorities are read from: exactly one of its fields is set. */
@JsonInclude(JsonInclude.Include.NON_NULL)
@ValidationRule(
    value =
        "[has(self.configMapKeyRef), has(self.secretKeyRef), has(self.file)].exists_one(set, set)",
    message = "certificates come from exactly one of configMapKeyRef, secretKeyRef and file")
public record CaSource(
    @JsonPropertyDescription("ConfigMap entry that holds them.")
        @Nullable ConfigMapKeyRef configMapKeyRef,
    @JsonPropertyDescription("Secret entry that holds them.") @Nullable SecretKeyRef secretKeyRef,
    @Size(min = 1, max = 4096)
        @Pattern("^/[^\\n\\r]*$")
        @JsonPropertyDescription(
            "Absolute path of a file on the host of the `keyrotation` command; not for the operator"
                + " in a cluster.")
        @Nullable String file) {

  /** Certificates in a ConfigMap. */
  public static CaSource ofConfigMap(String name, String key) {
    return new CaSource(new ConfigMapKeyRef(name, key), null, null);
  }

  /** Certificates in a Secret. */
  public static CaSource ofSecret(String name, String key) {
    return new CaSource(null, new SecretKeyRef(name, key), null);
  }

  /** Certificates in a file of the command's host. */
  public static CaSource ofFile(String path) {
    return new CaSource(null, null, path);
  }
}
