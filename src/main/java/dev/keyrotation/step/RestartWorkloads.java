package dev.keyrotation.step;

import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.api.v1alpha1.Direction;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.RolloutMode;
import dev.keyrotation.api.v1alpha1.RotationStatus;
import dev.keyrotation.api.v1alpha1.WorkloadSpec;
import dev.keyrotation.database.DatabaseOwner;
import dev.keyrotation.database.DatabaseProvider;
import dev.keyrotation.database.Fence;
import dev.keyrotation.failure.Recovery;
import dev.keyrotation.failure.RotationException;
import dev.keyrotation.plan.RestartPlan;
import dev.keyrotation.plan.StepOutcome;
import dev.keyrotation.workload.InstanceAddresses;
import dev.keyrotation.workload.Workloads;
import java.time.Instant;
import java.util.Set;
import java.util.TreeSet;

/** Restarts the first workload that is not restarted yet: its mark first, then its size. */
final class RestartWorkloads implements StepEffect {
  private final Workloads workloads;
  private final DatabaseProvider databases;

  RestartWorkloads(Workloads workloads, DatabaseProvider databases) {
    this.workloads = workloads;
    this.databases = databases;
  }

  @Override
  public StepOutcome apply(KeyRotation primary, RotationStatus rotation, Instant now) {
    if (rotation.mode() == RolloutMode.FENCED && shrinkFence(primary, rotation)) {
      return new StepOutcome.Made();
    }
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
      if (state.failed()) {
        throw failed(primary, rotation, workload, state);
      }
      if (!state.settled()) {
        return new StepOutcome.Made(); // each workload is finished before the next
      }
    }
    return new StepOutcome.Made();
  }

  /**
   * On the way forward this turns the rotation back at once. On the way back there is nowhere to
   * turn: it is started again, with the pauses between failed attempts.
   */
  private RotationException failed(
      KeyRotation primary, RotationStatus rotation, WorkloadSpec workload, Workloads.State state) {
    if (rotation.direction() == Direction.ROLL_BACK) {
      workloads.resize(primary, workload, Math.max(1, state.replicas()));
    }
    return new RotationException(
        ConditionReason.WORKLOAD_FAILED,
        Recovery.ROLL_BACK,
        state.name()
            + " does not stay up after its start: "
            + state.problem()
            + ". Its own log says why.");
  }

  private boolean shrinkFence(KeyRotation primary, RotationStatus rotation) {
    Fence fence = databases.open(primary).fence();
    if (rotation.marksConnections()) {
      if (InstanceAddresses.anyWithoutStamp(workloads, primary, rotation.stamp())
          || fence.mark(rotation.id()) == null) {
        return false;
      }
      fence.shrink(DatabaseOwner.of(primary), rotation.id(), Set.of());
      return true;
    }
    Set<String> fenced = fence.addresses(rotation.id());
    Set<String> left = new TreeSet<>(fenced);
    left.retainAll(InstanceAddresses.withoutStamp(workloads, primary, rotation.stamp()));
    if (left.equals(fenced)) {
      return false;
    }
    fence.shrink(DatabaseOwner.of(primary), rotation.id(), left);
    return true;
  }
}
