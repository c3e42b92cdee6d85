package dev.keyrotation.step;

import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.api.v1alpha1.KeyKind;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.RotationStatus;
import dev.keyrotation.failure.Recovery;
import dev.keyrotation.failure.RotationException;
import dev.keyrotation.failure.SupersededException;
import dev.keyrotation.key.KeyMaterial;
import dev.keyrotation.key.KeySet;
import dev.keyrotation.key.KeyStore;
import dev.keyrotation.plan.StepOutcome;
import java.security.SecureRandom;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Keeps the present keys under their revision, then makes the new ones. Both before anything uses
 * them.
 */
final class GenerateKeys {
  private final KeyStore store;
  private final SecureRandom random;

  GenerateKeys(KeyStore store, SecureRandom random) {
    this.store = store;
    this.random = random;
  }

  /**
   * A Secret that is to be created has no version that a late write could miss. So it is looked
   * again afterwards: when the rotation was given up meanwhile, nobody has used its new keys or
   * ever will, and their Secret is withdrawn. The copy of the present keys may stay.
   *
   * @param abandoned reads live whether that is so for certain
   */
  StepOutcome apply(KeyRotation primary, RotationStatus rotation, BooleanSupplier abandoned) {
    KeyStore.KeyRevisionMarks marks =
        new KeyStore.KeyRevisionMarks(rotation.id(), rotation.request());
    KeyStore.Revision old = store.revision(primary, rotation.fromRevision());
    if (!(old instanceof KeyStore.Revision.Usable kept)) {
      store.createRevision(primary, rotation.fromRevision(), present(primary, rotation), marks);
      return new StepOutcome.Made();
    }
    KeySet made = fresh(rotation, kept.keys());
    if (store.createRevision(primary, rotation.revision(), made, marks)
        && abandoned.getAsBoolean()) {
      store.withdrawRevision(primary, rotation.revision(), made);
      throw new SupersededException("Rotation " + rotation.id(), 0);
    }
    return new StepOutcome.Made();
  }

  private KeySet present(KeyRotation primary, RotationStatus rotation) {
    if (!(store.consumer(primary) instanceof KeyStore.Consumer.Usable usable)
        || !usable.keys().master().fingerprint().equals(rotation.oldKeys().master())) {
      throw new RotationException(
          ConditionReason.SECRET_CHANGED_BY_OTHER,
          Recovery.ROLL_BACK,
          store.where(primary) + " was changed after preflight; nothing was rotated.");
    }
    return usable.keys();
  }

  private KeySet fresh(RotationStatus rotation, KeySet old) {
    return new KeySet(
        rotation.keys().contains(KeyKind.MASTER) ? KeyMaterial.generate(random) : old.master(),
        freshSalt(rotation, old.salt()));
  }

  private @Nullable KeyMaterial freshSalt(RotationStatus rotation, @Nullable KeyMaterial old) {
    return rotation.keys().contains(KeyKind.SALT) ? KeyMaterial.generate(random) : old;
  }
}
