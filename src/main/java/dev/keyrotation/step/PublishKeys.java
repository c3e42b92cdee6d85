package dev.keyrotation.step;

import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.RotationStatus;
import dev.keyrotation.key.KeyStore;
import dev.keyrotation.key.RevisionKeys;
import dev.keyrotation.plan.StepOutcome;
import java.time.Instant;

/** Writes the target keys and the rotation's mark into the Secret that the instances read. */
final class PublishKeys implements StepEffect {
  private final KeyStore store;
  private final RevisionKeys keys;

  PublishKeys(KeyStore store, RevisionKeys keys) {
    this.store = store;
    this.keys = keys;
  }

  @Override
  public StepOutcome apply(KeyRotation primary, RotationStatus rotation, Instant now) {
    store.publish(primary, keys.target(primary, rotation), rotation.stamp());
    return new StepOutcome.Made();
  }
}
