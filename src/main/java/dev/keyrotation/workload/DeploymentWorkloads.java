package dev.keyrotation.workload;

import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.api.v1alpha1.DeploymentTarget;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.WorkloadSpec;
import dev.keyrotation.cluster.ClusterCall;
import dev.keyrotation.failure.Recovery;
import dev.keyrotation.failure.RotationException;
import io.fabric8.kubernetes.api.model.LabelSelector;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.ReplicaSet;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.RollableScalableResource;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Deployments and their pods, read live.
 *
 * <p>Rights in the namespace: {@code get}, {@code patch} on Deployments; {@code get}, {@code
 * update} on their scale; {@code list} on ReplicaSets and pods; for {@link #wiring} also {@code
 * get} on the ConfigMaps and Secrets that the pods read, and {@code list} on
 * HorizontalPodAutoscalers. What may not be read there becomes a warning.
 */
public final class DeploymentWorkloads implements Workloads {
  private final KubernetesClient client;

  public DeploymentWorkloads(KubernetesClient client) {
    this.client = client;
  }

  @Override
  public State observe(KeyRotation owner, WorkloadSpec workload) {
    DeploymentTarget target = target(workload);
    String namespace = owner.getMetadata().getNamespace();
    Deployment deployment = read(namespace, target);
    if (deployment == null) {
      return DeploymentState.missing(workload.displayName());
    }
    LabelSelector selector = deployment.getSpec().getSelector();
    // Pods first: every set that owns a listed pod is then listed too.
    List<Pod> pods =
        ClusterCall.of(
            "list the pods of " + workload.displayName(),
            () ->
                client.pods().inNamespace(namespace).withLabelSelector(selector).list().getItems());
    List<ReplicaSet> sets =
        ClusterCall.of(
            "list the ReplicaSets of " + workload.displayName(),
            () ->
                client
                    .apps()
                    .replicaSets()
                    .inNamespace(namespace)
                    .withLabelSelector(selector)
                    .list()
                    .getItems());
    return DeploymentState.of(
        workload.displayName(),
        deployment,
        sets,
        pods,
        target,
        owner.getSpec().proxy().asksPodsOverTls());
  }

  @Override
  public Wiring wiring(KeyRotation owner, WorkloadSpec workload) {
    DeploymentTarget target = workload.deployment();
    if (target == null) {
      return new Wiring(
          List.of(new Finding(ConditionReason.NOT_SUPPORTED, notSupported(workload))), List.of());
    }
    Deployment deployment = read(owner.getMetadata().getNamespace(), target);
    return deployment == null
        ? new Wiring(List.of(), List.of())
        : new WiringCheck(new LivePodSources(client, owner), owner, target, deployment).run();
  }

  @Override
  public void stop(KeyRotation owner, WorkloadSpec workload) {
    resize(owner, workload, 0);
  }

  @Override
  public void claim(KeyRotation owner, WorkloadSpec workload, BooleanSupplier current) {
    if (read(owner.getMetadata().getNamespace(), target(workload)) != null) {
      writer(owner, workload).claim(current);
    }
  }

  @Override
  public void resize(KeyRotation owner, WorkloadSpec workload, int replicas) {
    writer(owner, workload).resize(replicas);
  }

  @Override
  public void stamp(KeyRotation owner, WorkloadSpec workload, String stamp) {
    writer(owner, workload).stamp(stamp);
  }

  private DeploymentWriter writer(KeyRotation owner, WorkloadSpec workload) {
    DeploymentTarget target = target(workload);
    return new DeploymentWriter(
        client,
        owner,
        workload.displayName(),
        () -> {
          Deployment live = read(owner.getMetadata().getNamespace(), target);
          if (live == null) {
            throw new RotationException(
                ConditionReason.WORKLOAD_NOT_FOUND,
                Recovery.HALT,
                workload.displayName()
                    + " does not exist any more. Create it; the rotation then goes on.");
          }
          return live;
        });
  }

  private @Nullable Deployment read(String namespace, DeploymentTarget target) {
    return ClusterCall.<@Nullable Deployment>of(
        "read Deployment " + namespace + "/" + target.name(),
        () -> resource(namespace, target).get());
  }

  private RollableScalableResource<Deployment> resource(String namespace, DeploymentTarget target) {
    return client.apps().deployments().inNamespace(namespace).withName(target.name());
  }

  private static DeploymentTarget target(WorkloadSpec workload) {
    DeploymentTarget target = workload.deployment();
    if (target == null) {
      throw new RotationException(
          ConditionReason.NOT_SUPPORTED, Recovery.HALT, notSupported(workload));
    }
    return target;
  }

  private static String notSupported(WorkloadSpec workload) {
    return workload.displayName() + " is a systemd unit and no Deployment.";
  }
}
