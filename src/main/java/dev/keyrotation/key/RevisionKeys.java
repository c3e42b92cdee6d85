package dev.keyrotation.key;

import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.RotationStatus;
import dev.keyrotation.failure.Recovery;
import dev.keyrotation.failure.RotationException;

/** The keys of a rotation's revisions, Steps and observers use it after GenerateKeys. */
public final class RevisionKeys {
  private final KeyStore keys;

  public RevisionKeys(KeyStore keys) {
    this.keys = keys;
  }

  /** The keys that are to be in use when the rotation ends. */
  public KeySet target(KeyRotation primary, RotationStatus rotation) {
    return require(primary, rotation.targetRevision());
  }

  /** The keys that are to be out of use when the rotation ends. */
  public KeySet other(KeyRotation primary, RotationStatus rotation) {
    return require(primary, rotation.otherRevision());
  }

  private KeySet require(KeyRotation primary, long revision) {
    return switch (keys.revision(primary, revision)) {
      case KeyStore.Revision.Usable usable -> usable.keys();
      case KeyStore.Revision.Missing missing ->
          throw new RotationException(
              ConditionReason.KEY_SECRET_LOST,
              Recovery.HALT,
              missing.name()
                  + " with the keys of revision "
                  + revision
                  + " is gone in mid-rotation. Restore it from a backup; no new key is made in its place.");
      case KeyStore.Revision.Conflict conflict ->
          throw new RotationException(
              ConditionReason.KEY_SECRET_CONFLICT, Recovery.HALT, conflict.message());
    };
  }
}
