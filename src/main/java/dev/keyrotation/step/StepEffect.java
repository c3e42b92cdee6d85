package dev.keyrotation.step;

import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.RotationStatus;
import dev.keyrotation.failure.RotationException;
import dev.keyrotation.plan.StepOutcome;
import java.time.Instant;

/**
 * The effect of one step. Safe to repeat: what is already there is left alone. Makes at most one
 * change in the world per call, stamped with the rotation. Throws {@link RotationException} when
 * the world refuses.
 */
interface StepEffect {
  StepOutcome apply(KeyRotation primary, RotationStatus rotation, Instant now);
}
