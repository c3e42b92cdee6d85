package dev.keyrotation.engine;

import dev.keyrotation.api.v1alpha1.KeyRotationStatus;
import dev.keyrotation.plan.Decision;
import dev.keyrotation.plan.ObservedState;
import dev.keyrotation.plan.StepOutcome;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** What came of a turn. */
public sealed interface Turn {
  /**
   * The turn was taken.
   *
   * @param status the whole new status, to be written
   * @param wake when to take the next turn at the latest
   * @param operand how the running instances stand to the active keys; null in mid-rotation
   */
  record Taken(
      Decision decision,
      StepOutcome outcome,
      KeyRotationStatus status,
      Duration wake,
      ObservedState.@Nullable Operand operand)
      implements Turn {}

  /** Nothing was done: the resource had changed meanwhile. */
  record Outdated() implements Turn {}
}
