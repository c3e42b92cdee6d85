package dev.keyrotation.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.ValidationRule;
import org.jspecify.annotations.Nullable;

/** Where a connection URL is read from: exactly one of its fields is set. */
@JsonInclude(JsonInclude.Include.NON_NULL)
@ValidationRule(
    value =
        "[has(self.secretKeyRef), has(self.environmentFile), has(self.environment)].exists_one(set,"
            + " set)",
    message = "a URL comes from exactly one of secretKeyRef, environmentFile and environment")
public record UrlSource(
    @JsonPropertyDescription(
            "Secret entry that holds the URL, in the form that LiteLLM reads, for example"
                + " postgresql://user:password@host:port/database?sslmode=...")
        @Nullable SecretKeyRef secretKeyRef,
    @JsonPropertyDescription(
            "Variable of an environment file on the host of the `keyrotation` command; not for the"
                + " operator in a cluster.")
        @Nullable EnvironmentFileRef environmentFile,
    @JsonPropertyDescription(
            "Variable of the `keyrotation` command's own environment; not for the operator in a"
                + " cluster.")
        @Nullable EnvironmentRef environment) {

  /** The URL in a Secret. */
  public static UrlSource ofSecret(String name, String key) {
    return new UrlSource(new SecretKeyRef(name, key), null, null);
  }
}
