package dev.keyrotation.cluster;

import dev.keyrotation.api.v1alpha1.DatabaseSpec;
import dev.keyrotation.api.v1alpha1.Epoch;
import dev.keyrotation.api.v1alpha1.KeyKind;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.KeyRotationSpecBuilder;
import dev.keyrotation.api.v1alpha1.KeyRotationStatus;
import dev.keyrotation.api.v1alpha1.ProxySpec;
import dev.keyrotation.api.v1alpha1.SecretRef;
import dev.keyrotation.api.v1alpha1.UrlSource;
import dev.keyrotation.api.v1alpha1.WorkloadSpec;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import java.util.List;

/** KeyRotations for the tests of adapters. */
public final class TestRotations {
  public static final SecretRef SECRET = new SecretRef("litellm-keys", null, null, List.of());

  private TestRotations() {}

  /** A KeyRotation {@code litellm} that rotates both keys of the Deployment {@code litellm}. */
  public static KeyRotation in(String namespace) {
    return in(namespace, SECRET, List.of(KeyKind.MASTER, KeyKind.SALT));
  }

  /** The same, as the process of that epoch has it. */
  public static KeyRotation inEpoch(KeyRotation rotation, long number) {
    KeyRotation copy = new KeyRotation();
    copy.setMetadata(rotation.getMetadata());
    copy.setSpec(rotation.getSpec());
    copy.setStatus(KeyRotationStatus.empty().withEpoch(new Epoch(number, "process-" + number)));
    return copy;
  }

  public static KeyRotation in(String namespace, SecretRef secret, List<KeyKind> keys) {
    KeyRotation rotation = new KeyRotation();
    rotation.setMetadata(
        new ObjectMetaBuilder()
            .withName("litellm")
            .withNamespace(namespace)
            .withUid("11111111-1111-1111-1111-111111111111")
            .build());
    rotation.setSpec(
        KeyRotationSpecBuilder.builder()
            .keys(keys)
            .secretRef(secret)
            .database(DatabaseSpec.of(UrlSource.ofSecret("litellm-db", "DATABASE_URL")))
            .workloads(List.of(WorkloadSpec.ofDeployment("litellm")))
            .proxy(ProxySpec.plain())
            .build());
    return rotation;
  }
}
