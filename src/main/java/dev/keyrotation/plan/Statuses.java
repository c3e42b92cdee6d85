package dev.keyrotation.plan;

import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.KeyRotationStatus;

/** The status of a resource that may have none yet. */
public final class Statuses {
  private Statuses() {}

  /** Its status, or the empty one. */
  public static KeyRotationStatus of(KeyRotation primary) {
    KeyRotationStatus status = primary.getStatus();
    return status == null ? KeyRotationStatus.empty() : status;
  }
}
