package dev.keyrotation.workload;

import io.fabric8.kubernetes.api.model.ContainerStateWaiting;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodCondition;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.DeploymentCondition;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Why a Deployment cannot get on by itself, in words. Takes what Kubernetes says about images,
 * scheduling and restarts; never what a container said when it died, which may hold keys.
 */
final class Problems {
  private static final int LONGEST_QUOTE = 200;

  private static final Set<String> STUCK =
      Set.of(
          "ImagePullBackOff",
          "ErrImagePull",
          "ErrImageNeverPull",
          "InvalidImageName",
          "CrashLoopBackOff",
          "CreateContainerConfigError",
          "CreateContainerError",
          "RunContainerError");

  private Problems() {}

  /** The first that is known, the most telling kind first; null when none is. */
  static @Nullable String of(Deployment deployment, List<Pod> pods) {
    for (Pod pod : pods) {
      String problem = ofPod(pod);
      if (problem != null) {
        return problem;
      }
    }
    return ofDeployment(deployment);
  }

  private static @Nullable String ofPod(Pod pod) {
    if (pod.getStatus() == null || pod.getMetadata().getDeletionTimestamp() != null) {
      return null;
    }
    String name = pod.getMetadata().getName();
    List<ContainerStatus> statuses = new ArrayList<>(pod.getStatus().getInitContainerStatuses());
    statuses.addAll(pod.getStatus().getContainerStatuses());
    for (ContainerStatus status : statuses) {
      ContainerStateWaiting waiting =
          status.getState() == null ? null : status.getState().getWaiting();
      if (waiting != null && waiting.getReason() != null && STUCK.contains(waiting.getReason())) {
        return name + ": container " + status.getName() + " is in " + waiting.getReason();
      }
    }
    for (PodCondition condition : pod.getStatus().getConditions()) {
      if ("PodScheduled".equals(condition.getType()) && "False".equals(condition.getStatus())) {
        return name + " cannot be scheduled: " + quote(condition.getMessage());
      }
    }
    return null;
  }

  private static @Nullable String ofDeployment(Deployment deployment) {
    if (deployment.getStatus() == null) {
      return null;
    }
    String late = null;
    for (DeploymentCondition condition : deployment.getStatus().getConditions()) {
      if ("ReplicaFailure".equals(condition.getType()) && "True".equals(condition.getStatus())) {
        return "pods cannot be created ("
            + condition.getReason()
            + "): "
            + quote(condition.getMessage());
      }
      if ("ProgressDeadlineExceeded".equals(condition.getReason())) {
        late = "the roll-out made no progress within progressDeadlineSeconds";
      }
    }
    return late;
  }

  private static String quote(@Nullable String message) {
    if (message == null) {
      return "no reason given";
    }
    String line = message.replaceAll("\\s+", " ").strip();
    return line.length() <= LONGEST_QUOTE ? line : line.substring(0, LONGEST_QUOTE) + "...";
  }
}
