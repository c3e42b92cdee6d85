package dev.keyrotation.step;

import dev.keyrotation.api.v1alpha1.Fencing;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.Progress;
import dev.keyrotation.api.v1alpha1.RolloutMode;
import dev.keyrotation.api.v1alpha1.RotationDuration;
import dev.keyrotation.api.v1alpha1.RotationStatus;
import dev.keyrotation.api.v1alpha1.WorkloadSpec;
import dev.keyrotation.database.DatabaseOwner;
import dev.keyrotation.database.DatabaseProvider;
import dev.keyrotation.database.ReencryptionRunner;
import dev.keyrotation.database.RotationDatabase.Reencryption;
import dev.keyrotation.key.RevisionKeys;
import dev.keyrotation.plan.StepOutcome;
import dev.keyrotation.workload.InstanceAddresses;
import dev.keyrotation.workload.Workloads;
import java.time.Instant;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Starts the re-encryption, which runs on in the background, after making sure that no instance
 * came back.
 */
final class ReencryptData implements StepEffect {
  private final DatabaseProvider databases;
  private final ReencryptionRunner runner;
  private final Workloads workloads;
  private final RevisionKeys keys;

  ReencryptData(
      DatabaseProvider databases,
      ReencryptionRunner runner,
      Workloads workloads,
      RevisionKeys keys) {
    this.databases = databases;
    this.runner = runner;
    this.workloads = workloads;
    this.keys = keys;
  }

  @Override
  public StepOutcome apply(KeyRotation primary, RotationStatus rotation, Instant now) {
    if (runner.takeFailure(rotation.stamp())
        instanceof ReencryptionRunner.State.Failed(var failure)) {
      throw failure;
    }
    // Somebody (a GitOps tool, an autoscaler) may have scaled a workload up again since it was
    // stopped.
    if (rotation.mode() != RolloutMode.FENCED) {
      StepOutcome.Running stopping = stopAgain(primary);
      if (stopping != null) {
        return stopping;
      }
    }
    runner.start(
        rotation.stamp(),
        databases.open(primary),
        new Reencryption(
            DatabaseOwner.of(primary),
            rotation.id(),
            rotation.direction(),
            keys.other(primary, rotation).encryption(),
            keys.target(primary, rotation).encryption(),
            RotationDuration.parse(primary.getSpec().stepDeadline()),
            fencesAddresses(rotation)
                ? InstanceAddresses.withoutStamp(workloads, primary, rotation.stamp())
                : Set.of(),
            rotation.marksConnections() ? rotation.connectionMark() : null,
            rotation.mode() == RolloutMode.FENCED));
    return new StepOutcome.Running("re-encryption has begun", new Progress(0, 0, "rows"));
  }

  private static boolean fencesAddresses(RotationStatus rotation) {
    return rotation.mode() == RolloutMode.FENCED
        && (rotation.fencing() == null || rotation.fencing() == Fencing.ADDRESSES);
  }

  /**
   * Somebody (a GitOps tool, an autoscaler) may have scaled a workload up again since it was
   * stopped.
   */
  private StepOutcome.@Nullable Running stopAgain(KeyRotation primary) {
    for (WorkloadSpec workload : primary.getSpec().workloads()) {
      Workloads.State state = workloads.observe(primary, workload);
      if (state.replicas() > 0) {
        workloads.stop(primary, workload);
        return new StepOutcome.Running(state.name() + " came back and is stopped again", null);
      }
      if (!state.instances().isEmpty()) {
        return new StepOutcome.Running(state.name() + " has instances that have not ended", null);
      }
    }
    return null;
  }
}
