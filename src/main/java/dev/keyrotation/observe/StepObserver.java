package dev.keyrotation.observe;

import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.RotationStatus;
import dev.keyrotation.failure.RotationException;
import dev.keyrotation.plan.Evidence;
import java.time.Instant;

/**
 * Reads whether one step is already true. Throws {@link RotationException} when the world does not
 * answer.
 */
interface StepObserver {
  /** The evidence for {@code rotation.step()} in the rotation's direction. */
  Evidence evidence(KeyRotation primary, RotationStatus rotation, Instant now);
}
