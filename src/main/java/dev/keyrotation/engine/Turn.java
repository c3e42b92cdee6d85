package dev.keyrotation.engine;

import dev.keyrotation.api.v1alpha1.KeyRotationStatus;
import dev.keyrotation.plan.Decision;
import dev.keyrotation.plan.StepOutcome;
import java.time.Duration;

/** What came of a turn. */
public sealed interface Turn {
  /**
   * The turn was taken.
   *
   * @param status the whole new status, to be written
   * @param wake when to take the next turn at the latest
   */
  record Taken(Decision decision, StepOutcome outcome, KeyRotationStatus status, Duration wake)
      implements Turn {}

  /** Nothing was done: the resource had changed meanwhile. */
  record Outdated() implements Turn {}
}
