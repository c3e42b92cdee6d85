package dev.keyrotation.key;

import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.cluster.ClusterCall;
import dev.keyrotation.failure.Recovery;
import dev.keyrotation.failure.RotationException;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.util.List;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * Keys in Kubernetes Secrets of the KeyRotation's namespace. Every read is live, by name, or by our
 * own labels; Secrets are never listed otherwise.
 *
 * <p>Rights: {@code get}, {@code patch} on the consumer Secret; {@code get}, {@code list}, {@code
 * create}, {@code delete} on Secrets for the revisions.
 */
public final class SecretKeyStore implements KeyStore {
  private final KubernetesClient client;
  private final ConsumerPublisher publisher;

  public SecretKeyStore(KubernetesClient client) {
    this.client = client;
    this.publisher = new ConsumerPublisher(client);
  }

  @Override
  public Revision revision(KeyRotation owner, long revision) {
    String name = RevisionSecret.name(owner, revision);
    Secret secret = read(owner, name);
    return secret == null
        ? new Revision.Missing(name)
        : RevisionSecret.read(owner, revision, secret);
  }

  @Override
  public List<Long> revisions(KeyRotation owner) {
    String namespace = owner.getMetadata().getNamespace();
    return ClusterCall.of(
            "list the key Secrets in namespace " + namespace,
            () ->
                client
                    .secrets()
                    .inNamespace(namespace)
                    .withLabels(RevisionSecret.selector(owner))
                    .list()
                    .getItems())
        .stream()
        .map(RevisionSecret::revisionOf)
        .filter(OptionalLong::isPresent)
        .map(OptionalLong::getAsLong)
        .distinct()
        .sorted()
        .toList();
  }

  @Override
  public void createRevision(
      KeyRotation owner, long revision, KeySet keys, KeyRevisionMarks marks) {
    Secret secret = RevisionSecret.build(owner, revision, keys, marks);
    try {
      client.resource(secret).create();
    } catch (KubernetesClientException e) {
      if (!ClusterCall.isConflict(e)) {
        throw ClusterCall.failure(
            "create Secret " + owner.getMetadata().getNamespace() + "/" + name(secret), e);
      }
      if (revision(owner, revision) instanceof Revision.Conflict(String message)) {
        throw new RotationException(
            ConditionReason.KEY_SECRET_CONFLICT, Recovery.ROLL_BACK, message);
      }
    }
  }

  @Override
  public void deleteRevision(KeyRotation owner, long revision) {
    String name = RevisionSecret.name(owner, revision);
    Secret secret = read(owner, name);
    if (secret == null) {
      return;
    }
    switch (RevisionSecret.read(owner, revision, secret)) {
      case Revision.Conflict(String message) -> throw kept(message);
      case Revision.Usable usable -> {
        if (!(consumer(owner) instanceof Consumer.Usable inUse)) {
          throw kept(
              "Secret "
                  + name
                  + " is kept: "
                  + ConsumerSecret.where(owner)
                  + " holds no usable keys, so these may be the last ones.");
        }
        if (inUse.keys().equals(usable.keys())) {
          throw kept(
              "Secret " + name + " is kept: " + ConsumerSecret.where(owner) + " holds its keys.");
        }
        delete(secret);
      }
      case Revision.Missing missing -> throw new IllegalStateException(missing.name());
    }
  }

  private static RotationException kept(String message) {
    return new RotationException(ConditionReason.KEY_SECRET_CONFLICT, Recovery.HALT, message);
  }

  /** Fails when the Secret is no longer the one that was read. */
  private void delete(Secret secret) {
    ClusterCall.of(
        "delete Secret " + secret.getMetadata().getNamespace() + "/" + name(secret),
        () ->
            client
                .resource(secret)
                .lockResourceVersion(secret.getMetadata().getResourceVersion())
                .delete());
  }

  @Override
  public Consumer consumer(KeyRotation owner) {
    String name = owner.getSpec().secretRef().name();
    Secret secret = read(owner, name);
    return secret == null ? new Consumer.Missing(name) : ConsumerSecret.read(owner, secret);
  }

  @Override
  public void publish(KeyRotation owner, KeySet keys, String stamp) {
    Secret live = read(owner, owner.getSpec().secretRef().name());
    if (live == null) {
      throw new RotationException(
          ConditionReason.SECRET_NOT_FOUND,
          Recovery.HALT,
          ConsumerSecret.where(owner)
              + " does not exist any more. Create it with the present keys; the rotation then goes on.");
    }
    publisher.publish(owner, live, keys, stamp);
  }

  private @Nullable Secret read(KeyRotation owner, String name) {
    String namespace = owner.getMetadata().getNamespace();
    return ClusterCall.<@Nullable Secret>of(
        "read Secret " + namespace + "/" + name,
        () -> client.secrets().inNamespace(namespace).withName(name).get());
  }

  private static String name(Secret secret) {
    return secret.getMetadata().getName();
  }
}
