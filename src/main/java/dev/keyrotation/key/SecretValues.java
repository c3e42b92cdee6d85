package dev.keyrotation.key;

import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.SecretKeyRef;
import dev.keyrotation.api.v1alpha1.UrlSource;
import dev.keyrotation.cluster.ClusterCall;
import dev.keyrotation.failure.Recovery;
import dev.keyrotation.failure.RotationException;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.client.KubernetesClient;
import org.jspecify.annotations.Nullable;

/** Reads the database URL from the Secret entry that the spec names, live. */
public final class SecretValues {
  private final KubernetesClient client;

  public SecretValues(KubernetesClient client) {
    this.client = client;
  }

  /**
   * The text of an entry in the KeyRotation's namespace, without white space around it: files often
   * end in a line break, which no URL has.
   *
   * @throws RotationException with {@code DATABASE_URL_INVALID} when Secret or entry do not exist,
   *     or the entry is empty or no text; with {@code CLUSTER_UNAVAILABLE} when it cannot be read
   */
  public String databaseUrl(KeyRotation owner, UrlSource source) {
    SecretKeyRef ref = source.secretKeyRef();
    if (ref == null) {
      throw new RotationException(
          ConditionReason.NOT_SUPPORTED,
          Recovery.HALT,
          "spec.database.urlFrom names a file or variable of a host; the operator in a cluster reads the database URL"
              + " from a Secret: set spec.database.urlFrom.secretKeyRef.");
    }
    String namespace = owner.getMetadata().getNamespace();
    String where = "Secret " + namespace + "/" + ref.name();
    Secret secret =
        ClusterCall.<@Nullable Secret>of(
            "read " + where,
            () -> client.secrets().inNamespace(namespace).withName(ref.name()).get());
    if (secret == null) {
      throw invalid(where + " does not exist. Correct spec.database.urlFrom or create it");
    }
    SecretData data = SecretData.of(secret);
    try {
      String text = data.text(ref.key());
      if (text == null) {
        throw invalid(
            where
                + " has no entry "
                + ref.key()
                + "; it has: "
                + data.names()
                + ". Correct spec.database.urlFrom.secretKeyRef.key");
      }
      if (text.isBlank()) {
        throw invalid(where + ": entry " + ref.key() + " is empty. Store the database URL there");
      }
      return text.strip();
    } catch (SecretData.NotText e) {
      throw invalid(where + ": entry " + ref.key() + " is no UTF-8 text");
    }
  }

  private static RotationException invalid(String sentence) {
    return new RotationException(
        ConditionReason.DATABASE_URL_INVALID, Recovery.RETRY, sentence + ".");
  }
}
