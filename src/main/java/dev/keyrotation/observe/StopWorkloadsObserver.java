package dev.keyrotation.observe;

import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.Progress;
import dev.keyrotation.api.v1alpha1.RotationStatus;
import dev.keyrotation.plan.Evidence;
import dev.keyrotation.workload.Workloads;
import java.time.Instant;
import java.util.List;

/** StopWorkloads: no workload wants an instance and none is left, terminating ones included. */
final class StopWorkloadsObserver implements StepObserver {
  private final Workloads workloads;

  StopWorkloadsObserver(Workloads workloads) {
    this.workloads = workloads;
  }

  @Override
  public Evidence evidence(KeyRotation primary, RotationStatus rotation, Instant now) {
    List<Workloads.State> states =
        primary.getSpec().workloads().stream().map(w -> workloads.observe(primary, w)).toList();
    int left = states.stream().mapToInt(state -> state.instances().size()).sum();
    int wanted = states.stream().mapToInt(Workloads.State::replicas).sum();
    int before = rotation.sizes().stream().mapToInt(size -> size.replicas()).sum();
    Progress progress =
        new Progress(Math.max(0, before - left), Math.max(before, left), "instances stopped");
    if (wanted > 0) {
      return new Evidence.Absent("instances are still wanted", progress);
    }
    return left > 0
        ? new Evidence.Underway(left + " instances have not ended yet", progress)
        : Evidence.Present.PLAIN;
  }
}
