package dev.keyrotation.step;

import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.RotationStatus;
import dev.keyrotation.api.v1alpha1.WorkloadSpec;
import dev.keyrotation.plan.StepOutcome;
import dev.keyrotation.workload.Workloads;
import java.time.Instant;

/** Scales every workload to zero. Their sizes were recorded before. */
final class StopWorkloads implements StepEffect {
  private final Workloads workloads;

  StopWorkloads(Workloads workloads) {
    this.workloads = workloads;
  }

  @Override
  public StepOutcome apply(KeyRotation primary, RotationStatus rotation, Instant now) {
    for (WorkloadSpec workload : primary.getSpec().workloads()) {
      if (workloads.observe(primary, workload).replicas() > 0) {
        workloads.stop(primary, workload);
      }
    }
    return new StepOutcome.Made();
  }
}
