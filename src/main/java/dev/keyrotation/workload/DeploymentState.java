package dev.keyrotation.workload;

import dev.keyrotation.api.v1alpha1.DeploymentTarget;
import dev.keyrotation.cluster.Marks;
import dev.keyrotation.workload.Workloads.Instance;
import dev.keyrotation.workload.Workloads.State;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodCondition;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.DeploymentStatus;
import io.fabric8.kubernetes.api.model.apps.ReplicaSet;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** What a Deployment and its pods amount to. Pure: it is given what was read. */
final class DeploymentState {
  private static final Set<String> ENDED = Set.of("Succeeded", "Failed");

  private DeploymentState() {}

  static State missing(String name) {
    return new State(name, false, 0, null, false, null, false, List.of());
  }

  /**
   * @param sets the ReplicaSets that the Deployment's selector finds
   * @param pods the pods that it finds; those of other owners are left out
   * @param tls whether they are asked over https
   */
  static State of(
      String name,
      Deployment deployment,
      List<ReplicaSet> sets,
      List<Pod> pods,
      DeploymentTarget target,
      boolean tls) {
    List<Pod> own = own(deployment, sets, pods);
    Integer wanted = deployment.getSpec().getReplicas();
    int replicas = wanted == null ? 1 : wanted;
    return new State(
        name,
        true,
        replicas,
        templateStamp(deployment),
        isSettled(deployment, replicas, own),
        Problems.of(deployment, own),
        false, // Kubernetes goes on trying
        own.stream().map(pod -> instance(pod, target, tls)).toList());
  }

  private static @Nullable String templateStamp(Deployment deployment) {
    ObjectMeta template = deployment.getSpec().getTemplate().getMetadata();
    return template == null || template.getAnnotations() == null
        ? null
        : template.getAnnotations().get(Marks.STAMP);
  }

  private static List<Pod> own(Deployment deployment, List<ReplicaSet> sets, List<Pod> pods) {
    Set<String> ownSets =
        sets.stream()
            .filter(set -> isControlledBy(set, Set.of(deployment.getMetadata().getUid())))
            .map(set -> set.getMetadata().getUid())
            .collect(Collectors.toSet());
    return pods.stream()
        .filter(pod -> isControlledBy(pod, ownSets))
        .filter(pod -> pod.getStatus() == null || !ENDED.contains(phase(pod)))
        .sorted(Comparator.comparing(pod -> pod.getMetadata().getName()))
        .toList();
  }

  private static String phase(Pod pod) {
    return Objects.requireNonNullElse(pod.getStatus().getPhase(), "");
  }

  private static boolean isControlledBy(HasMetadata object, Set<String> uids) {
    List<OwnerReference> owners = object.getMetadata().getOwnerReferences();
    return owners != null
        && owners.stream()
            .anyMatch(
                owner ->
                    Boolean.TRUE.equals(owner.getController()) && uids.contains(owner.getUid()));
  }

  /**
   * The Deployment's own counts lag behind its pods for a moment, so the pods have to agree: as
   * many as wanted, and none that is on its way out.
   */
  private static boolean isSettled(Deployment deployment, int replicas, List<Pod> own) {
    DeploymentStatus status = deployment.getStatus();
    return status != null
        && count(status.getObservedGeneration()) >= deployment.getMetadata().getGeneration()
        && count(status.getReplicas()) == replicas
        && count(status.getUpdatedReplicas()) == replicas
        && count(status.getAvailableReplicas()) == replicas
        && own.size() == replicas
        && own.stream().allMatch(pod -> isReady(pod) && !isTerminating(pod));
  }

  private static long count(@Nullable Number number) {
    return number == null ? 0 : number.longValue();
  }

  private static Instance instance(Pod pod, DeploymentTarget target, boolean tls) {
    return new Instance(
        pod.getMetadata().getName(),
        InstanceAddress.of(pod, target, tls),
        Marks.stamp(pod),
        isReady(pod),
        isTerminating(pod));
  }

  private static boolean isTerminating(Pod pod) {
    return pod.getMetadata().getDeletionTimestamp() != null;
  }

  private static boolean isReady(Pod pod) {
    if (pod.getStatus() == null) {
      return false;
    }
    for (PodCondition condition : pod.getStatus().getConditions()) {
      if ("Ready".equals(condition.getType())) {
        return "True".equals(condition.getStatus());
      }
    }
    return false;
  }
}
