package dev.keyrotation.controller;

import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.KeyRotationStatus;
import dev.keyrotation.api.v1alpha1.RotationStatus;
import dev.keyrotation.engine.Freshness;
import dev.keyrotation.plan.Abandonment;
import dev.keyrotation.plan.Statuses;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The resource as the API server holds it, past every cache. */
final class LiveResource implements Freshness {
  private final KubernetesClient client;

  LiveResource(KubernetesClient client) {
    this.client = client;
  }

  private @Nullable KeyRotation read(KeyRotation primary) {
    return client
        .resources(KeyRotation.class)
        .inNamespace(primary.getMetadata().getNamespace())
        .withName(primary.getMetadata().getName())
        .get();
  }

  @Override
  public boolean isAbandoned(KeyRotation primary) {
    KeyRotation live = read(primary);
    RotationStatus ours = Statuses.of(primary).rotation();
    if (live == null
        || ours == null
        || !Objects.equals(live.getMetadata().getUid(), primary.getMetadata().getUid())) {
      return false;
    }
    return Abandonment.isCertain(Statuses.of(live), ours.id());
  }

  @Override
  public boolean isCurrent(KeyRotation primary) {
    KeyRotation live = read(primary);
    return live != null
        && Objects.equals(live.getMetadata().getUid(), primary.getMetadata().getUid())
        && Objects.equals(live.getMetadata().getGeneration(), primary.getMetadata().getGeneration())
        && Statuses.of(live).equals(Statuses.of(primary));
  }

  /** Writes the status by server-side apply, as the framework does it outside of a clean-up. */
  void patchStatus(KeyRotation primary, KeyRotationStatus status) {
    if (status.equals(Statuses.of(primary))) {
      return;
    }
    client
        .resource(withStatus(primary, status))
        .subresource("status")
        .patch(
            new PatchContext.Builder()
                .withPatchType(PatchType.SERVER_SIDE_APPLY)
                .withFieldManager(KeyRotationReconciler.NAME)
                .withForce(true)
                .build());
  }

  /**
   * Name, namespace and status, and nothing else: what is left out of an apply is not ours. The
   * version makes the API server refuse it when anybody has changed the resource since.
   */
  static KeyRotation withStatus(KeyRotation primary, KeyRotationStatus status) {
    KeyRotation patch = new KeyRotation();
    patch.setMetadata(
        new ObjectMetaBuilder()
            .withName(primary.getMetadata().getName())
            .withNamespace(primary.getMetadata().getNamespace())
            .withResourceVersion(primary.getMetadata().getResourceVersion())
            .build());
    patch.setStatus(status);
    return patch;
  }
}
