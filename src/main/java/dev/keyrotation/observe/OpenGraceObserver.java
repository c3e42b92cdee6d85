package dev.keyrotation.observe;

import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.RotationStatus;
import dev.keyrotation.database.DatabaseProvider;
import dev.keyrotation.database.RotationDatabase;
import dev.keyrotation.key.RevisionKeys;
import dev.keyrotation.plan.Evidence;
import dev.keyrotation.plan.Grace;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * OpenGrace: admin rows for the old and the new master key are there, where both are to be
 * accepted.
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
    if (!Grace.opens(primary, rotation)) {
      return Evidence.Present.PLAIN;
    }
    RotationDatabase database = databases.open(primary);
    Instant target = database.graceExpiry(rotation.id(), keys.target(primary, rotation).master());
    Instant other = database.graceExpiry(rotation.id(), keys.other(primary, rotation).master());
    boolean both = !Grace.admitsOther(rotation) || holds(primary, rotation, other, now);
    return both && holds(primary, rotation, target, now)
        ? Evidence.Present.PLAIN
        : new Evidence.Absent("instances do not accept both master keys yet", null);
  }

  /** A row that is about to end, from a grace that is turned back, would end in the restart. */
  private static boolean holds(
      KeyRotation primary, RotationStatus rotation, @Nullable Instant until, Instant now) {
    return until != null && !Grace.leaseIsDue(primary, rotation, until, now);
  }
}
