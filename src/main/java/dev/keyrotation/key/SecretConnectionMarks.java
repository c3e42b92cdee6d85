package dev.keyrotation.key;

import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.api.v1alpha1.DatabaseSpec;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.SecretKeyRef;
import dev.keyrotation.cluster.ClusterCall;
import dev.keyrotation.cluster.EpochMarks;
import dev.keyrotation.failure.Recovery;
import dev.keyrotation.failure.RotationException;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Map;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Marks in the Secret entry of {@code spec.database.urlFrom.secretKeyRef}, which may be in the same
 * Secret as the keys. Every read is live.
 *
 * <p>Written by a plain patch of this one entry, and not by apply: what our field manager applies
 * and leaves out the next time would be removed, and the keys are applied.
 *
 * <p>Rights: {@code get}, {@code patch} on it.
 */
public final class SecretConnectionMarks implements ConnectionMarks {
  private final KubernetesClient client;

  public SecretConnectionMarks(KubernetesClient client) {
    this.client = client;
  }

  @Override
  public Look look(KeyRotation owner) {
    SecretKeyRef ref = ref(owner);
    if (ref == null) {
      return ConnectionMarks.unsupported().look(owner);
    }
    Secret secret = read(owner, ref);
    if (secret == null) {
      return new Look.Unusable(where(owner, ref) + " does not exist");
    }
    String obstacle = WriterMarks.obstacle(where(owner, ref), secret);
    if (obstacle != null) {
      return new Look.Unusable(
          where(owner, ref)
              + " is immutable or filled by another controller, which would write its own URL"
              + " back");
    }
    MarkedUrl url = url(secret, ref);
    if (url == null) {
      return new Look.Unusable(
          where(owner, ref) + " has no entry " + ref.key() + " that is UTF-8 text");
    }
    String why = url.obstacle();
    return why == null
        ? new Look.Writable(url.mark())
        : new Look.Unusable(why + " (entry " + ref.key() + " of " + where(owner, ref) + ")");
  }

  @Override
  public void claim(KeyRotation owner, BooleanSupplier current) {
    SecretKeyRef ref = ref(owner);
    Secret secret = ref == null ? null : read(owner, ref);
    if (ref == null || secret == null) {
      return;
    }
    String where = where(owner, ref);
    Map<String, Object> patch = EpochMarks.patch(owner, secret, where, current);
    if (patch != null) {
      ClusterCall.of("mark " + where, () -> SecretPatch.write(client, secret, patch));
    }
  }

  @Override
  public void write(KeyRotation owner, String mark) {
    SecretKeyRef ref = ref(owner);
    Secret secret = ref == null ? null : read(owner, ref);
    MarkedUrl url = secret == null || ref == null ? null : url(secret, ref);
    if (ref == null || secret == null || url == null || url.obstacle() != null) {
      throw new RotationException(
          ConditionReason.CONNECTION_MARK_NOT_SEEN,
          Recovery.ROLL_BACK,
          "The connection URL cannot be marked any more: the Secret of spec.database.urlFrom was"
              + " removed, or its entry changed.");
    }
    String where = where(owner, ref);
    EpochMarks.require(owner, secret, where);
    String marked = url.with(mark);
    Map<String, Object> patch =
        SecretPatch.ofEntry(
            secret,
            ref.key(),
            Base64.getEncoder().encodeToString(marked.getBytes(StandardCharsets.UTF_8)));
    ClusterCall.of(
        "mark the connection URL in " + where, () -> SecretPatch.write(client, secret, patch));
  }

  private static @Nullable MarkedUrl url(Secret secret, SecretKeyRef ref) {
    try {
      String text = SecretData.of(secret).text(ref.key());
      return text == null ? null : MarkedUrl.of(text);
    } catch (SecretData.NotText e) {
      return null;
    }
  }

  private static @Nullable SecretKeyRef ref(KeyRotation owner) {
    DatabaseSpec database = owner.getSpec().database();
    return database == null ? null : database.urlFrom().secretKeyRef();
  }

  private static String where(KeyRotation owner, SecretKeyRef ref) {
    return "Secret " + owner.getMetadata().getNamespace() + "/" + ref.name();
  }

  private @Nullable Secret read(KeyRotation owner, SecretKeyRef ref) {
    return ClusterCall.<@Nullable Secret>of(
        "read " + where(owner, ref),
        () ->
            client
                .secrets()
                .inNamespace(owner.getMetadata().getNamespace())
                .withName(ref.name())
                .get());
  }
}
