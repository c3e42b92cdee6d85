package dev.keyrotation.step;

import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.RotationStatus;
import dev.keyrotation.database.DatabaseOwner;
import dev.keyrotation.database.DatabaseProvider;
import dev.keyrotation.key.RevisionKeys;
import dev.keyrotation.plan.StepOutcome;
import java.time.Instant;

/**
 * Ends the other master key in the token table. Instances forget it when their cache does, within
 * 60 s.
 */
final class CloseGrace implements StepEffect {
  private final DatabaseProvider databases;
  private final RevisionKeys keys;

  CloseGrace(DatabaseProvider databases, RevisionKeys keys) {
    this.databases = databases;
    this.keys = keys;
  }

  @Override
  public StepOutcome apply(KeyRotation primary, RotationStatus rotation, Instant now) {
    databases
        .open(primary)
        .moveMasterKeyRows(
            DatabaseOwner.of(primary),
            rotation.id(),
            rotation.direction(),
            keys.other(primary, rotation).master(),
            keys.target(primary, rotation).master(),
            primary.getSpec().masterKeyRow());
    return new StepOutcome.Made();
  }
}
