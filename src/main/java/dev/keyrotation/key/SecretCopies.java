package dev.keyrotation.key;

import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.SecretCopy;
import dev.keyrotation.api.v1alpha1.SecretRef;
import dev.keyrotation.cluster.ClusterCall;
import dev.keyrotation.cluster.EpochMarks;
import dev.keyrotation.cluster.Marks;
import dev.keyrotation.failure.Recovery;
import dev.keyrotation.failure.RotationException;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.authorization.v1.SelfSubjectAccessReview;
import io.fabric8.kubernetes.api.model.authorization.v1.SelfSubjectAccessReviewBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Copies in Secrets, read live and by name, written by a patch of one entry.
 *
 * <p>Whoever may create a KeyRotation must not get at Secrets of other namespaces with the
 * operator's rights. So one there has to name this KeyRotation in an annotation, which only
 * somebody who may write that Secret can set; before that is seen, nothing about the Secret is
 * said, not even whether it exists.
 *
 * <p>Rights: {@code get}, {@code patch} on each.
 */
public final class SecretCopies implements KeyCopies {
  /** Annotation of a Secret that may be written: namespace and name of the KeyRotation. */
  public static final String COPY_OF = "keyrotation.dev/copy-of";

  private final KubernetesClient client;

  public SecretCopies(KubernetesClient client) {
    this.client = client;
  }

  @Override
  public Look look(KeyRotation owner, SecretCopy copy) {
    Optional<Secret> secret;
    try {
      secret = read(owner, copy);
    } catch (KubernetesClientException e) {
      if (ClusterCall.isForbidden(e)) {
        return new Look.Unavailable(
            ConditionReason.SECRET_NOT_FOUND,
            KeyCopies.where(owner, copy)
                + " may not be read by the operator. "
                + rights(owner, copy));
      }
      throw ClusterCall.failure("read " + KeyCopies.where(owner, copy), e);
    }
    return secret
        .<Look>map(
            found ->
                new Look.Found(
                    value(found, copy),
                    WriterMarks.obstacle(KeyCopies.where(owner, copy), found),
                    WriterMarks.warnings(KeyCopies.where(owner, copy), found)))
        .orElseGet(
            () -> new Look.Unavailable(ConditionReason.SECRET_NOT_FOUND, absent(owner, copy)));
  }

  private static String absent(KeyRotation owner, SecretCopy copy) {
    String where = KeyCopies.where(owner, copy);
    return isForeign(owner, copy)
        ? where
            + " does not exist, or does not grant it: whoever owns it has to annotate it with "
            + COPY_OF
            + ": "
            + grant(owner)
            + "."
        : where + " does not exist. Correct spec.secretRef.copies or create it.";
  }

  /** By asking the API server, which answers everybody about their own rights. */
  @Override
  public @Nullable String denied(KeyRotation owner, SecretCopy copy) {
    SelfSubjectAccessReview question =
        new SelfSubjectAccessReviewBuilder()
            .withNewSpec()
            .withNewResourceAttributes()
            .withNamespace(namespace(owner, copy))
            .withResource("secrets")
            .withName(copy.name())
            .withVerb("patch")
            .endResourceAttributes()
            .endSpec()
            .build();
    String where = KeyCopies.where(owner, copy);
    SelfSubjectAccessReview answer =
        ClusterCall.of(
            "ask whether " + where + " may be changed", () -> client.resource(question).create());
    return answer.getStatus() != null && Boolean.TRUE.equals(answer.getStatus().getAllowed())
        ? null
        : where + " may not be changed by the operator. " + rights(owner, copy);
  }

  private static String rights(KeyRotation owner, SecretCopy copy) {
    return "Give its ServiceAccount get and patch on it: value copies of the chart, with namespace "
        + namespace(owner, copy)
        + ".";
  }

  @Override
  public void claim(KeyRotation owner, BooleanSupplier current) {
    SecretRef ref = owner.getSpec().secretRef();
    for (SecretCopy copy : ref == null ? List.<SecretCopy>of() : ref.copies()) {
      String where = KeyCopies.where(owner, copy);
      try {
        read(owner, copy)
            .ifPresent(
                secret -> {
                  Map<String, Object> patch = EpochMarks.patch(owner, secret, where, current);
                  if (patch != null) {
                    SecretPatch.write(client, secret, patch);
                  }
                });
      } catch (KubernetesClientException e) {
        if (!ClusterCall.isForbidden(e)) {
          throw ClusterCall.failure("mark " + where, e);
        }
      }
    }
  }

  @Override
  public void exchange(KeyRotation owner, SecretCopy copy, KeyMaterial from, KeyMaterial to) {
    String where = KeyCopies.where(owner, copy);
    try {
      Secret secret = read(owner, copy).orElse(null);
      if (secret == null || !from.equals(value(secret, copy))) {
        return; // the next look tells what is there instead
      }
      EpochMarks.require(owner, secret, where);
      SecretPatch.write(
          client, secret, SecretPatch.ofEntry(secret, copy.key(), SecretData.encode(to)));
    } catch (KubernetesClientException e) {
      if (ClusterCall.isInvalid(e)) {
        throw new RotationException(
            ConditionReason.SECRET_NOT_WRITABLE,
            Recovery.ROLL_BACK,
            where + " cannot be changed: it is immutable.");
      }
      throw ClusterCall.failure("write the master key into " + where, e);
    }
  }

  /** The Secret when it is there and, in another namespace, grants it. */
  private Optional<Secret> read(KeyRotation owner, SecretCopy copy) {
    return Optional.ofNullable(
            client.secrets().inNamespace(namespace(owner, copy)).withName(copy.name()).get())
        .filter(
            secret ->
                !isForeign(owner, copy)
                    || grant(owner).equals(Marks.annotations(secret).get(COPY_OF)));
  }

  private static @Nullable KeyMaterial value(Secret secret, SecretCopy copy) {
    try {
      return SecretData.of(secret).key(copy.key());
    } catch (SecretData.NotText e) {
      return null;
    }
  }

  private static boolean isForeign(KeyRotation owner, SecretCopy copy) {
    return !namespace(owner, copy).equals(owner.getMetadata().getNamespace());
  }

  private static String namespace(KeyRotation owner, SecretCopy copy) {
    return copy.namespaceFor(owner.getMetadata().getNamespace());
  }

  private static String grant(KeyRotation owner) {
    return owner.getMetadata().getNamespace() + "/" + owner.getMetadata().getName();
  }
}
