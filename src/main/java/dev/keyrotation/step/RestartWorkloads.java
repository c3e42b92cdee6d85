package dev.keyrotation.step;

import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.RotationStatus;
import dev.keyrotation.api.v1alpha1.WorkloadSpec;
import dev.keyrotation.plan.RestartPlan;
import dev.keyrotation.plan.StepOutcome;
import dev.keyrotation.workload.Workloads;
import java.time.Instant;

/** Restarts the first workload that is not restarted yet: its mark first, then its size. */
final class RestartWorkloads implements StepEffect {
  private final Workloads workloads;

  RestartWorkloads(Workloads workloads) {
    this.workloads = workloads;
  }

  @Override
  public StepOutcome apply(KeyRotation primary, RotationStatus rotation, Instant now) {
    for (WorkloadSpec workload : primary.getSpec().workloads()) {
      Workloads.State state = workloads.observe(primary, workload);
      if (!rotation.stamp().equals(state.stamp())) {
        workloads.stamp(primary, workload, rotation.stamp());
        return new StepOutcome.Made();
      }
      int wanted = RestartPlan.size(rotation, state.name(), state.replicas());
      if (state.replicas() != wanted) {
        workloads.resize(primary, workload, wanted);
        return new StepOutcome.Made();
      }
      if (!state.settled()) {
        return new StepOutcome.Made(); // each workload is finished before the next
      }
    }
    return new StepOutcome.Made();
  }
}
