package dev.keyrotation.key;

import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.cluster.ClusterCall;
import dev.keyrotation.failure.Recovery;
import dev.keyrotation.failure.RotationException;
import dev.keyrotation.key.KeyStore.Consumer;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The Secret of {@code spec.secretRef}, read live, by name.
 *
 * <p>Rights: {@code get}, {@code patch} on it.
 */
public final class SecretConsumer implements KeyConsumer {
  private final KubernetesClient client;
  private final ConsumerPublisher publisher;

  public SecretConsumer(KubernetesClient client) {
    this.client = client;
    this.publisher = new ConsumerPublisher(client);
  }

  @Override
  public boolean isUsedBy(KeyRotation owner) {
    return owner.getSpec().secretRef() != null;
  }

  @Override
  public String where(KeyRotation owner) {
    return ConsumerSecret.where(owner);
  }

  @Override
  public void claim(KeyRotation owner, BooleanSupplier current) {
    Secret live = read(owner);
    if (live != null) {
      publisher.claim(owner, live, current);
    }
  }

  @Override
  public Consumer consumer(KeyRotation owner) {
    Secret secret = read(owner);
    return secret == null ? new Consumer.Missing(where(owner)) : ConsumerSecret.read(owner, secret);
  }

  /** By server-side apply with our own field manager. */
  @Override
  public void publish(KeyRotation owner, KeySet keys, String stamp) {
    Secret live = read(owner);
    if (live == null) {
      throw new RotationException(
          ConditionReason.SECRET_NOT_FOUND,
          Recovery.HALT,
          where(owner)
              + " does not exist any more. Create it with the present keys; the rotation then goes"
              + " on.");
    }
    publisher.publish(owner, live, keys, stamp);
  }

  /** The Secret carries nothing but its mark, which the next rotation replaces. */
  @Override
  public void forget(KeyRotation owner, String rotationId) {}

  private @Nullable Secret read(KeyRotation owner) {
    String namespace = owner.getMetadata().getNamespace();
    String name = owner.getSpec().requiredSecretRef().name();
    return ClusterCall.<@Nullable Secret>of(
        "read Secret " + namespace + "/" + name,
        () -> client.secrets().inNamespace(namespace).withName(name).get());
  }
}
