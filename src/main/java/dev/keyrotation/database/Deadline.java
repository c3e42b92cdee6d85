package dev.keyrotation.database;

import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.failure.Recovery;
import dev.keyrotation.failure.RotationException;
import java.time.Duration;

/** When a piece of work has to be done. Measured by a clock that nobody sets. */
final class Deadline {
  private final Duration allowed;
  private final long end;

  private Deadline(Duration allowed) {
    this.allowed = allowed;
    this.end = System.nanoTime() + allowed.toNanos();
  }

  static Deadline in(Duration allowed) {
    return new Deadline(allowed);
  }

  void check() {
    if (System.nanoTime() - end > 0) {
      throw new RotationException(
          ConditionReason.REENCRYPTION_FAILED,
          Recovery.ROLL_BACK,
          "The re-encryption was not done within "
              + allowed.toSeconds()
              + " s (spec.stepDeadline). Nothing was committed.");
    }
  }
}
