package dev.keyrotation.workload;

import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.cluster.ClusterCall;
import dev.keyrotation.cluster.EpochMarks;
import dev.keyrotation.cluster.Marks;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.DeploymentBuilder;
import io.fabric8.kubernetes.api.model.autoscaling.v1.Scale;
import io.fabric8.kubernetes.api.model.autoscaling.v1.ScaleBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/**
 * Writes to a Deployment. Each write holds for the version that was read and found to carry our
 * epoch: whoever takes over has changed that version.
 *
 * <p>A Deployment's version changes with every pod that gets ready, so a write that meets a newer
 * one reads again, and looks at the epoch again, a few times.
 */
final class DeploymentWriter {
  private static final int ATTEMPTS = 6;

  private final KubernetesClient client;
  private final KeyRotation owner;
  private final String name;
  private final Supplier<Deployment> live;

  /** {@code live} reads the Deployment, or throws when there is none. */
  DeploymentWriter(
      KubernetesClient client, KeyRotation owner, String name, Supplier<Deployment> live) {
    this.client = client;
    this.owner = owner;
    this.name = name;
    this.live = live;
  }

  /** One attempt; throws what the API server answers. */
  @FunctionalInterface
  private interface Write {
    void to(Deployment deployment);
  }

  void claim(BooleanSupplier current) {
    write(
        "mark " + name,
        deployment -> {
          Map<String, Object> patch = EpochMarks.patch(owner, deployment, name, current);
          if (patch != null) {
            client
                .resource(identified(deployment).build())
                .patch(
                    new PatchContext.Builder()
                        .withPatchType(PatchType.JSON_MERGE)
                        .withFieldManager(Marks.FIELD_MANAGER)
                        .build(),
                    client.getKubernetesSerialization().asJson(patch));
          }
        });
  }

  void stamp(String stamp) {
    write(
        "set the revision mark of " + name,
        deployment -> {
          EpochMarks.require(owner, deployment, name);
          client
              .resource(
                  identified(deployment)
                      .withNewSpec()
                      .withNewTemplate()
                      .withNewMetadata()
                      .addToAnnotations(Marks.STAMP, stamp)
                      .endMetadata()
                      .endTemplate()
                      .endSpec()
                      .build())
              .patch(
                  new PatchContext.Builder()
                      .withPatchType(PatchType.SERVER_SIDE_APPLY)
                      .withFieldManager(Marks.FIELD_MANAGER)
                      .withForce(true)
                      .build());
        });
  }

  /** Through the scale subresource: nothing but the number is written, and nobody's field taken. */
  void resize(int replicas) {
    write(
        "scale " + name + " to " + replicas,
        deployment -> {
          EpochMarks.require(owner, deployment, name);
          Scale scale =
              new ScaleBuilder()
                  .withNewMetadata()
                  .withName(deployment.getMetadata().getName())
                  .withNamespace(deployment.getMetadata().getNamespace())
                  .withUid(deployment.getMetadata().getUid())
                  .withResourceVersion(deployment.getMetadata().getResourceVersion())
                  .endMetadata()
                  .withNewSpec()
                  .withReplicas(replicas)
                  .endSpec()
                  .build();
          client
              .apps()
              .deployments()
              .inNamespace(deployment.getMetadata().getNamespace())
              .withName(deployment.getMetadata().getName())
              .scale(scale);
        });
  }

  private void write(String doing, Write write) {
    for (int attempt = 1; ; attempt++) {
      try {
        write.to(live.get());
        return;
      } catch (KubernetesClientException e) {
        if (!ClusterCall.isConflict(e) || attempt == ATTEMPTS) {
          throw ClusterCall.failure(doing, e);
        }
      }
    }
  }

  private static DeploymentBuilder identified(Deployment deployment) {
    return new DeploymentBuilder()
        .withNewMetadata()
        .withName(deployment.getMetadata().getName())
        .withNamespace(deployment.getMetadata().getNamespace())
        .withUid(deployment.getMetadata().getUid())
        .withResourceVersion(deployment.getMetadata().getResourceVersion())
        .endMetadata();
  }
}
