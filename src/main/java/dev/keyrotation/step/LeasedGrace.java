package dev.keyrotation.step;

import dev.keyrotation.api.v1alpha1.KeyKind;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.RotationStatus;
import dev.keyrotation.database.DatabaseOwner;
import dev.keyrotation.database.DatabaseProvider;
import dev.keyrotation.database.RotationDatabase;
import dev.keyrotation.failure.Recovery;
import dev.keyrotation.failure.RotationException;
import dev.keyrotation.key.KeyMaterial;
import dev.keyrotation.key.RevisionKeys;
import dev.keyrotation.plan.FailurePolicy;
import dev.keyrotation.plan.Grace;
import dev.keyrotation.plan.StepOutcome;
import java.time.Instant;
import java.util.Map;

/** A step that first extends the row of the other master key, when its lease is due. */
final class LeasedGrace implements StepEffect {
  private final StepEffect step;
  private final DatabaseProvider databases;
  private final RevisionKeys keys;

  LeasedGrace(StepEffect step, DatabaseProvider databases, RevisionKeys keys) {
    this.step = step;
    this.databases = databases;
    this.keys = keys;
  }

  @Override
  public StepOutcome apply(KeyRotation primary, RotationStatus rotation, Instant now) {
    if (primary.getSpec().database() != null && rotation.keys().contains(KeyKind.MASTER)) {
      RotationDatabase database = databases.open(primary);
      KeyMaterial other = keys.other(primary, rotation).master();
      Instant until = database.graceExpiry(rotation.id(), other);
      if (Grace.leaseIsDue(primary, rotation, until, now)) {
        return extend(primary, rotation, now, database, other);
      }
    }
    return step.apply(primary, rotation, now);
  }

  /** A lease that cannot be extended says nothing about the step, so it is no reason to go back. */
  private static StepOutcome extend(
      KeyRotation primary,
      RotationStatus rotation,
      Instant now,
      RotationDatabase database,
      KeyMaterial other) {
    try {
      database.openGrace(
          DatabaseOwner.of(primary),
          rotation.id(),
          Map.of(other, Grace.otherKeyUntil(primary, rotation, now)));
      return new StepOutcome.Made();
    } catch (RotationException e) {
      boolean patient =
          e.recovery() == Recovery.RETRY && !FailurePolicy.overdue(primary, rotation, now);
      return new StepOutcome.Failed(
          e.reason(), e.sentence(), patient ? Recovery.RETRY : Recovery.HALT);
    }
  }
}
