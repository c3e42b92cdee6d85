package dev.keyrotation.step;

import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.RotationStatus;
import dev.keyrotation.database.DatabaseOwner;
import dev.keyrotation.database.DatabaseProvider;
import dev.keyrotation.key.KeyMaterial;
import dev.keyrotation.key.RevisionKeys;
import dev.keyrotation.plan.Grace;
import dev.keyrotation.plan.StepOutcome;
import java.time.Instant;
import java.util.Map;

/**
 * Inserts admin rows for both master keys. They expire by themselves, also when nobody comes back
 * to delete them.
 */
final class OpenGrace implements StepEffect {
  private final DatabaseProvider databases;
  private final RevisionKeys keys;

  OpenGrace(DatabaseProvider databases, RevisionKeys keys) {
    this.databases = databases;
    this.keys = keys;
  }

  @Override
  public StepOutcome apply(KeyRotation primary, RotationStatus rotation, Instant now) {
    databases
        .open(primary)
        .openGrace(DatabaseOwner.of(primary), rotation.id(), until(primary, rotation, now));
    return new StepOutcome.Made();
  }

  private Map<KeyMaterial, Instant> until(
      KeyRotation primary, RotationStatus rotation, Instant now) {
    KeyMaterial target = keys.target(primary, rotation).master();
    Instant targetUntil = Grace.targetKeyUntil(primary, rotation, now);
    return Grace.admitsOther(rotation)
        ? Map.of(
            target,
            targetUntil,
            keys.other(primary, rotation).master(),
            Grace.otherKeyUntil(primary, rotation, now))
        : Map.of(target, targetUntil);
  }
}
