package dev.keyrotation.key;

import dev.keyrotation.api.v1alpha1.CaSource;
import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.api.v1alpha1.ConfigMapKeyRef;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.SecretKeyRef;
import dev.keyrotation.api.v1alpha1.UrlSource;
import dev.keyrotation.cluster.ClusterCall;
import dev.keyrotation.failure.Recovery;
import dev.keyrotation.failure.RotationException;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.client.KubernetesClient;
import org.jspecify.annotations.Nullable;

/** Reads single values from the Secret and ConfigMap entries that the spec names, live. */
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
          "spec.database.urlFrom names a file or variable of a host; the operator in a cluster"
              + " reads the database URL from a Secret: set spec.database.urlFrom.secretKeyRef.");
    }
    return read(owner, ref, "spec.database.urlFrom").strip();
  }

  /**
   * The URL of the Redis server.
   *
   * @throws RotationException as {@link #databaseUrl}, but with {@code REDIS_URL_INVALID}
   */
  public String redisUrl(KeyRotation owner, UrlSource source) {
    SecretKeyRef ref = source.secretKeyRef();
    if (ref == null) {
      throw new RotationException(
          ConditionReason.NOT_SUPPORTED,
          Recovery.HALT,
          "spec.redis.urlFrom names a file or variable of a host; the operator in a cluster reads"
              + " the Redis URL from a Secret: set spec.redis.urlFrom.secretKeyRef.");
    }
    try {
      return read(owner, ref, "spec.redis.urlFrom").strip();
    } catch (RotationException e) {
      throw e.reason() == ConditionReason.DATABASE_URL_INVALID
          ? new RotationException(ConditionReason.REDIS_URL_INVALID, Recovery.RETRY, e.sentence())
          : e;
    }
  }

  /**
   * The private key for a host.
   *
   * @throws RotationException as {@link #databaseUrl}, but with {@code HOST_ACCESS_DENIED}
   */
  public String privateKey(KeyRotation owner, SecretKeyRef ref) {
    try {
      return read(owner, ref, "host.privateKeyFrom");
    } catch (RotationException e) {
      throw e.reason() == ConditionReason.DATABASE_URL_INVALID
          ? new RotationException(ConditionReason.HOST_ACCESS_DENIED, Recovery.RETRY, e.sentence())
          : e;
    }
  }

  /**
   * Certificates of authorities.
   *
   * @param field where the spec names the source
   * @throws RotationException as {@link #databaseUrl}, but with {@code TLS_FAILED}
   */
  public String authorities(KeyRotation owner, CaSource source, String field) {
    if (source.secretKeyRef() != null) {
      try {
        return read(owner, source.secretKeyRef(), field);
      } catch (RotationException e) {
        throw e.reason() == ConditionReason.DATABASE_URL_INVALID ? tlsFailed(e.sentence()) : e;
      }
    }
    ConfigMapKeyRef ref = source.configMapKeyRef();
    if (ref == null) {
      throw new RotationException(
          ConditionReason.NOT_SUPPORTED,
          Recovery.HALT,
          field
              + " names a file of a host; the operator in a cluster reads certificates from a"
              + " ConfigMap or Secret: set configMapKeyRef or secretKeyRef.");
    }
    String namespace = owner.getMetadata().getNamespace();
    String where = "ConfigMap " + namespace + "/" + ref.name();
    ConfigMap found =
        ClusterCall.<@Nullable ConfigMap>of(
            "read " + where,
            () -> client.configMaps().inNamespace(namespace).withName(ref.name()).get());
    if (found == null) {
      throw tlsFailed(where + " does not exist. Correct " + field + " or create it.");
    }
    String text = found.getData() == null ? null : found.getData().get(ref.key());
    if (text == null || text.isBlank()) {
      throw tlsFailed(
          where + " has no text under " + ref.key() + ". Correct " + field + " or store it there.");
    }
    return text;
  }

  private static RotationException tlsFailed(String sentence) {
    return new RotationException(ConditionReason.TLS_FAILED, Recovery.RETRY, sentence);
  }

  private String read(KeyRotation owner, SecretKeyRef ref, String field) {
    String namespace = owner.getMetadata().getNamespace();
    String where = "Secret " + namespace + "/" + ref.name();
    Secret secret =
        ClusterCall.<@Nullable Secret>of(
            "read " + where,
            () -> client.secrets().inNamespace(namespace).withName(ref.name()).get());
    if (secret == null) {
      throw invalid(where + " does not exist. Correct " + field + " or create it");
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
                + ". Correct "
                + field
                + ".secretKeyRef.key");
      }
      if (text.isBlank()) {
        throw invalid(where + ": entry " + ref.key() + " is empty. Store the value there");
      }
      return text;
    } catch (SecretData.NotText e) {
      throw invalid(where + ": entry " + ref.key() + " is no UTF-8 text");
    }
  }

  private static RotationException invalid(String sentence) {
    return new RotationException(
        ConditionReason.DATABASE_URL_INVALID, Recovery.RETRY, sentence + ".");
  }
}
