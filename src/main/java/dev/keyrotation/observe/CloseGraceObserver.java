package dev.keyrotation.observe;

import dev.keyrotation.api.v1alpha1.Direction;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.RotationDuration;
import dev.keyrotation.api.v1alpha1.RotationStatus;
import dev.keyrotation.database.DatabaseProvider;
import dev.keyrotation.database.RotationDatabase;
import dev.keyrotation.database.RotationDatabase.MasterKeyRows;
import dev.keyrotation.key.KeyMaterial;
import dev.keyrotation.key.RevisionKeys;
import dev.keyrotation.plan.Evidence;
import dev.keyrotation.plan.FailurePolicy;
import dev.keyrotation.workload.Workloads;
import java.time.Instant;
import java.util.List;

/**
 * CloseGrace: the token table has no row of the other master key, and every instance refuses that
 * key.
 */
final class CloseGraceObserver implements StepObserver {
  private final Instances instances;
  private final RevisionKeys keys;
  private final DatabaseProvider databases;

  CloseGraceObserver(Instances instances, RevisionKeys keys, DatabaseProvider databases) {
    this.instances = instances;
    this.keys = keys;
    this.databases = databases;
  }

  @Override
  public Evidence evidence(KeyRotation primary, RotationStatus rotation, Instant now) {
    KeyMaterial other = keys.other(primary, rotation).master();
    MasterKeyRows moved = null;
    if (primary.getSpec().database() != null) {
      RotationDatabase database = databases.open(primary);
      Instant graceEnd =
          Instant.parse(rotation.stepStartedAt())
              .plus(RotationDuration.parse(primary.getSpec().gracePeriod()));
      boolean graceRow = database.graceExpiry(rotation.id(), other) != null;
      if (graceRow && rotation.direction() == Direction.FORWARD && now.isBefore(graceEnd)) {
        return new Evidence.Underway(
            "the old master key is accepted until " + FailurePolicy.text(graceEnd), null);
      }
      if (graceRow
          || database.graceExpiry(rotation.id(), keys.target(primary, rotation).master()) != null
          || database.masterKeyRows(other) > 0) {
        return new Evidence.Absent("the token table still has rows of the other master key", null);
      }
      moved = database.movedMasterKeyRows(rotation.id(), rotation.direction());
    }
    List<Workloads.Instance> running = instances.running(primary);
    Evidence against = instances.refuses(running, other);
    if (against == null) {
      // Asked again now that no row can answer for an instance that runs with another key.
      against = instances.accepts(running, keys.target(primary, rotation).master());
    }
    if (against != null) {
      return against;
    }
    return moved == null
        ? Evidence.Present.PLAIN
        : new Evidence.Present(
            rotation
                .data()
                .with()
                .masterKeyRowsFound(moved.found())
                .masterKeyRowsMoved(moved.moved())
                .build(),
            null);
  }
}
