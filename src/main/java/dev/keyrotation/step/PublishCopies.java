package dev.keyrotation.step;

import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.RotationStatus;
import dev.keyrotation.api.v1alpha1.SecretCopy;
import dev.keyrotation.key.KeyCopies;
import dev.keyrotation.key.KeyCopies.Look;
import dev.keyrotation.key.KeyMaterial;
import dev.keyrotation.key.RevisionKeys;
import dev.keyrotation.plan.StepOutcome;
import java.time.Instant;

/** Writes the target master key into the first copy that still holds the other one. */
final class PublishCopies implements StepEffect {
  private final KeyCopies copies;
  private final RevisionKeys keys;

  PublishCopies(KeyCopies copies, RevisionKeys keys) {
    this.copies = copies;
    this.keys = keys;
  }

  @Override
  public StepOutcome apply(KeyRotation primary, RotationStatus rotation, Instant now) {
    KeyMaterial target = keys.target(primary, rotation).master();
    KeyMaterial other = keys.other(primary, rotation).master();
    for (SecretCopy copy : primary.getSpec().requiredSecretRef().copies()) {
      if (copies.look(primary, copy) instanceof Look.Found found
          && found.obstacle() == null
          && other.equals(found.value())) {
        copies.exchange(primary, copy, other, target);
        return new StepOutcome.Made();
      }
    }
    return new StepOutcome.NoEffect();
  }
}
