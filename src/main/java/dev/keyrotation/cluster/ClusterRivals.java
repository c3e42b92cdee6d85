package dev.keyrotation.cluster;

import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.KeyRotationSpec;
import dev.keyrotation.api.v1alpha1.SecretRef;
import dev.keyrotation.failure.Recovery;
import dev.keyrotation.failure.RotationException;
import dev.keyrotation.observe.Rivals;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.util.List;
import java.util.Objects;

/**
 * Other KeyRotations of the same namespace; Secrets and Deployments of other namespaces cannot be
 * named at all.
 */
public final class ClusterRivals implements Rivals {
  private final KubernetesClient client;

  public ClusterRivals(KubernetesClient client) {
    this.client = client;
  }

  @Override
  public List<String> of(KeyRotation primary) {
    try {
      return client
          .resources(KeyRotation.class)
          .inNamespace(primary.getMetadata().getNamespace())
          .list()
          .getItems()
          .stream()
          .filter(o -> !Objects.equals(o.getMetadata().getUid(), primary.getMetadata().getUid()))
          .filter(other -> shares(primary.getSpec(), other.getSpec()))
          .map(other -> other.getMetadata().getName())
          .toList();
    } catch (KubernetesClientException e) {
      throw new RotationException(
          ConditionReason.CLUSTER_UNAVAILABLE,
          Recovery.RETRY,
          "The KeyRotations of the namespace cannot be listed: HTTP status " + e.getCode() + ".",
          e);
    }
  }

  private static boolean shares(KeyRotationSpec one, KeyRotationSpec other) {
    SecretRef secret = one.secretRef();
    SecretRef otherSecret = other.secretRef();
    return (secret != null && otherSecret != null && secret.name().equals(otherSecret.name()))
        || one.workloads().stream().anyMatch(other.workloads()::contains);
  }
}
