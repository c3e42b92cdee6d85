package dev.keyrotation.observe;

import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.RotationStatus;
import dev.keyrotation.key.KeyStore;
import dev.keyrotation.key.RevisionKeys;
import dev.keyrotation.plan.Evidence;
import java.time.Duration;
import java.time.Instant;

/**
 * PublishKeys: every place that instances read holds the target keys, their copies too, and our
 * mark.
 */
final class PublishKeysObserver implements StepObserver {
  /** How long a missing Secret may take to come back before it counts as gone. */
  private static final Duration PATIENCE = Duration.ofMinutes(1);

  private final KeyStore store;
  private final RevisionKeys keys;

  PublishKeysObserver(KeyStore store, RevisionKeys keys) {
    this.store = store;
    this.keys = keys;
  }

  @Override
  public Evidence evidence(KeyRotation primary, RotationStatus rotation, Instant now) {
    return switch (store.consumer(primary)) {
      case KeyStore.Consumer.Usable found ->
          found.keys().equals(keys.target(primary, rotation))
                  && rotation.stamp().equals(found.stamp())
                  && found.staleMirrors().isEmpty()
              ? Evidence.Present.PLAIN
              : new Evidence.Absent("instances do not find the target keys yet", null);
      case KeyStore.Consumer.Missing missing ->
          new Evidence.Refuted(
              ConditionReason.SECRET_NOT_FOUND,
              missing.where() + " was deleted in mid-rotation.",
              PATIENCE);
      case KeyStore.Consumer.Invalid invalid ->
          new Evidence.Absent("instances do not find the target keys: " + invalid.message(), null);
    };
  }
}
