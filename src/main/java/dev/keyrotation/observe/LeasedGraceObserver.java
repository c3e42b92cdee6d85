package dev.keyrotation.observe;

import dev.keyrotation.api.v1alpha1.KeyKind;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.RotationStatus;
import dev.keyrotation.database.DatabaseProvider;
import dev.keyrotation.failure.RotationException;
import dev.keyrotation.key.RevisionKeys;
import dev.keyrotation.plan.Evidence;
import dev.keyrotation.plan.Grace;
import java.time.Instant;

/** A step during which the row of the other master key is extended whenever its lease is due. */
final class LeasedGraceObserver implements StepObserver {
  private final StepObserver step;
  private final DatabaseProvider databases;
  private final RevisionKeys keys;

  LeasedGraceObserver(StepObserver step, DatabaseProvider databases, RevisionKeys keys) {
    this.step = step;
    this.databases = databases;
    this.keys = keys;
  }

  @Override
  public Evidence evidence(KeyRotation primary, RotationStatus rotation, Instant now) {
    Evidence evidence = step.evidence(primary, rotation, now);
    return isDue(primary, rotation, now)
        ? new Evidence.Upkeep("the other master key is accepted for a while longer")
        : evidence;
  }

  private boolean isDue(KeyRotation primary, RotationStatus rotation, Instant now) {
    // Verification has to hold without a break; the lease was made long enough for that.
    if (rotation.verifiedSince() != null
        || primary.getSpec().database() == null
        || !rotation.keys().contains(KeyKind.MASTER)) {
      return false;
    }
    try {
      Instant until =
          databases
              .open(primary)
              .graceExpiry(rotation.id(), keys.other(primary, rotation).master());
      return Grace.leaseIsDue(primary, rotation, until, now);
    } catch (RotationException e) {
      return false; // a database that does not answer is no reason to hold up a restart
    }
  }
}
