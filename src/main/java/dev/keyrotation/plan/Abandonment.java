package dev.keyrotation.plan;

import dev.keyrotation.api.v1alpha1.Direction;
import dev.keyrotation.api.v1alpha1.KeyRotationStatus;
import dev.keyrotation.api.v1alpha1.RotationResult;
import dev.keyrotation.api.v1alpha1.RotationStatus;
import dev.keyrotation.api.v1alpha1.StepName;

/** Tells of a rotation whose new keys nobody uses and nobody will. */
public final class Abandonment {
  private Abandonment() {}

  /**
   * Whether {@code status} says so for certain of the rotation {@code id}: it was given up before
   * anything used them, or they have been retired.
   */
  public static boolean isCertain(KeyRotationStatus status, String id) {
    RotationStatus rotation = status.rotation();
    if (rotation != null && rotation.id().equals(id)) {
      return rotation.direction() == Direction.ROLL_BACK
          && rotation.reached() == StepName.GENERATE_KEYS;
    }
    return status.history().stream()
        .filter(entry -> entry.id().equals(id))
        .anyMatch(
            entry ->
                entry.result() == RotationResult.ABANDONED
                    || (entry.result() == RotationResult.ROLLED_BACK && entry.retiredAt() != null));
  }
}
