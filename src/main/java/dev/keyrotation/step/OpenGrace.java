package dev.keyrotation.step;

import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.RotationDuration;
import dev.keyrotation.api.v1alpha1.RotationStatus;
import dev.keyrotation.database.DatabaseOwner;
import dev.keyrotation.database.DatabaseProvider;
import dev.keyrotation.key.RevisionKeys;
import dev.keyrotation.plan.StepOutcome;
import java.time.Duration;
import java.time.Instant;
import java.util.List;

/**
 * Inserts admin rows for both master keys. They expire by themselves, also when nobody comes back
 * to delete them.
 */
final class OpenGrace implements StepEffect {
  /** Publish, restart, verify and close each may take a step's deadline. */
  private static final int STEPS_COVERED = 4;

  private final DatabaseProvider databases;
  private final RevisionKeys keys;

  OpenGrace(DatabaseProvider databases, RevisionKeys keys) {
    this.databases = databases;
    this.keys = keys;
  }

  @Override
  public StepOutcome apply(KeyRotation primary, RotationStatus rotation, Instant now) {
    Duration deadline = RotationDuration.parse(primary.getSpec().stepDeadline());
    Duration grace = RotationDuration.parse(primary.getSpec().gracePeriod());
    databases
        .open(primary)
        .openGrace(
            DatabaseOwner.of(primary),
            rotation.id(),
            List.of(
                keys.target(primary, rotation).master(), keys.other(primary, rotation).master()),
            now.plus(deadline.multipliedBy(STEPS_COVERED)).plus(grace));
    return new StepOutcome.Made();
  }
}
