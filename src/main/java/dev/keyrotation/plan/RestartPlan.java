package dev.keyrotation.plan;

import dev.keyrotation.api.v1alpha1.RotationStatus;
import dev.keyrotation.api.v1alpha1.WorkloadSize;

/** How large a workload is to be after the restart. */
public final class RestartPlan {
  private RestartPlan() {}

  /**
   * The size recorded before it was stopped; a workload that was never stopped keeps the size it
   * has.
   */
  public static int size(RotationStatus rotation, String workload, int present) {
    return rotation.sizes().stream()
        .filter(size -> size.workload().equals(workload))
        .findFirst()
        .map(WorkloadSize::replicas)
        .orElse(present);
  }
}
