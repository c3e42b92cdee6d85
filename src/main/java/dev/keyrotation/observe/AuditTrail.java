package dev.keyrotation.observe;

import dev.keyrotation.api.v1alpha1.KeyRotation;

/** Where it is recorded what a rotation does. None begins that could not be recorded. */
public interface AuditTrail {
  /**
   * Does nothing when a record could be written now.
   *
   * @throws dev.keyrotation.failure.RotationException with {@code AUDIT_NOT_WRITTEN} when not
   */
  void requireWritable(KeyRotation primary);

  /** For hosts of the engine that refuse to begin by themselves. */
  static AuditTrail elsewhere() {
    return primary -> {};
  }
}
