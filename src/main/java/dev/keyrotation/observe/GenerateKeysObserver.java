package dev.keyrotation.observe;

import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.api.v1alpha1.KeyFingerprints;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.RotationStatus;
import dev.keyrotation.key.KeySet;
import dev.keyrotation.key.KeyStore;
import dev.keyrotation.plan.Evidence;
import java.time.Duration;
import java.time.Instant;

/** GenerateKeys: the Secrets of both revisions exist, are ours and hold valid keys. */
final class GenerateKeysObserver implements StepObserver {
  private final KeyStore keys;

  GenerateKeysObserver(KeyStore keys) {
    this.keys = keys;
  }

  @Override
  public Evidence evidence(KeyRotation primary, RotationStatus rotation, Instant now) {
    KeyStore.Revision old = keys.revision(primary, rotation.fromRevision());
    KeyStore.Revision fresh = keys.revision(primary, rotation.revision());
    if (old instanceof KeyStore.Revision.Conflict conflict) {
      return conflict(conflict);
    }
    if (fresh instanceof KeyStore.Revision.Conflict conflict) {
      return conflict(conflict);
    }
    if (old instanceof KeyStore.Revision.Usable kept
        && !fingerprints(kept.keys()).equals(rotation.oldKeys())) {
      return new Evidence.Refuted(
          ConditionReason.KEY_SECRET_CONFLICT,
          "The Secret of revision "
              + rotation.fromRevision()
              + " does not hold the keys that were in use when the rotation began.",
          Duration.ZERO);
    }
    return old instanceof KeyStore.Revision.Usable
            && fresh instanceof KeyStore.Revision.Usable(var made, var marks)
        ? new Evidence.Present(null, fingerprints(made))
        : new Evidence.Absent("keys are not generated yet", null);
  }

  private static Evidence conflict(KeyStore.Revision.Conflict conflict) {
    return new Evidence.Refuted(
        ConditionReason.KEY_SECRET_CONFLICT, conflict.message(), Duration.ZERO);
  }

  static KeyFingerprints fingerprints(KeySet keys) {
    return new KeyFingerprints(
        keys.master().fingerprint(), keys.salt() == null ? null : keys.salt().fingerprint());
  }
}
