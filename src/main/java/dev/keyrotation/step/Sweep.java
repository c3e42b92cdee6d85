package dev.keyrotation.step;

import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.RotationStatus;
import dev.keyrotation.database.DatabaseOwner;
import dev.keyrotation.database.DatabaseProvider;
import dev.keyrotation.key.RevisionKeys;
import dev.keyrotation.plan.StepOutcome;
import java.time.Instant;

/**
 * The one effect that verification can need, with Fenced: values that old instances wrote until
 * they ended.
 */
final class Sweep implements StepEffect {
  private final DatabaseProvider databases;
  private final RevisionKeys keys;

  Sweep(DatabaseProvider databases, RevisionKeys keys) {
    this.databases = databases;
    this.keys = keys;
  }

  @Override
  public StepOutcome apply(KeyRotation primary, RotationStatus rotation, Instant now) {
    databases
        .open(primary)
        .fence()
        .sweep(
            DatabaseOwner.of(primary),
            rotation.id(),
            rotation.direction(),
            keys.other(primary, rotation).encryption(),
            keys.target(primary, rotation).encryption());
    return new StepOutcome.Made();
  }
}
