package dev.keyrotation.observe;

import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.RotationStatus;
import dev.keyrotation.database.DatabaseProvider;
import dev.keyrotation.database.RotationDatabase;
import dev.keyrotation.key.RevisionKeys;
import dev.keyrotation.plan.Evidence;
import java.time.Instant;

/**
 * OpenGrace: admin rows for the old and the new master key are there and will not expire during the
 * restart.
 */
final class OpenGraceObserver implements StepObserver {
  private final DatabaseProvider databases;
  private final RevisionKeys keys;

  OpenGraceObserver(DatabaseProvider databases, RevisionKeys keys) {
    this.databases = databases;
    this.keys = keys;
  }

  @Override
  public Evidence evidence(KeyRotation primary, RotationStatus rotation, Instant now) {
    RotationDatabase database = databases.open(primary);
    Instant target = database.graceExpiry(rotation.id(), keys.target(primary, rotation).master());
    Instant other = database.graceExpiry(rotation.id(), keys.other(primary, rotation).master());
    return target != null && other != null && target.isAfter(now) && other.isAfter(now)
        ? Evidence.Present.PLAIN
        : new Evidence.Absent("instances do not accept both master keys yet", null);
  }
}
