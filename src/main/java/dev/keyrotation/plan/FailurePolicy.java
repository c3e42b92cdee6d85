package dev.keyrotation.plan;

import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.api.v1alpha1.Direction;
import dev.keyrotation.api.v1alpha1.Failure;
import dev.keyrotation.api.v1alpha1.Fencing;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.RotationDuration;
import dev.keyrotation.api.v1alpha1.RotationStatus;
import dev.keyrotation.api.v1alpha1.StepName;
import dev.keyrotation.failure.Recovery;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a failure leads to: another attempt, the way back, or a halt. */
public final class FailurePolicy {
  private static final Duration FIRST_BACKOFF = Duration.ofSeconds(5);
  private static final Duration LONGEST_BACKOFF = Duration.ofSeconds(60);

  private FailurePolicy() {}

  /** Pause before attempt number {@code attempts + 1}: 5 s, doubled each time, at most a minute. */
  static Duration backoff(int attempts) {
    int doublings = Math.clamp(attempts - 1L, 0, 10);
    Duration pause = FIRST_BACKOFF.multipliedBy(1L << doublings);
    return pause.compareTo(LONGEST_BACKOFF) > 0 ? LONGEST_BACKOFF : pause;
  }

  /**
   * Whether the present step has taken longer than the spec allows. Closing the grace may also take
   * the grace.
   */
  public static boolean overdue(KeyRotation primary, RotationStatus rotation, Instant now) {
    Duration allowed = RotationDuration.parse(primary.getSpec().stepDeadline());
    if (rotation.step() == StepName.CLOSE_GRACE) {
      allowed = allowed.plus(Grace.period(primary, rotation));
    }
    return now.isAfter(Instant.parse(rotation.stepStartedAt()).plus(allowed));
  }

  /**
   * Whether a failure may take the rotation back to its old keys. Once every instance runs on the
   * new ones, that would only hand a compromised key back to whoever knows it: then somebody has to
   * look instead.
   */
  static boolean mayTurnBack(RotationStatus rotation) {
    return rotation.direction() == Direction.FORWARD
        && !(rotation.compromised() && rotation.step() == StepName.CLOSE_GRACE);
  }

  /**
   * The rotation after a failed attempt of its present step. In direction Forward a failure that
   * will not pass turns it back. In direction RollBack there is nowhere to turn: it is tried again,
   * slower and slower, and shown as stalled.
   */
  public static RotationStatus afterFailure(
      KeyRotation primary, RotationStatus rotation, StepOutcome.Failed failed, Instant now) {
    Failure failure = failure(rotation, failed.reason(), failed.message(), now);
    boolean overdue = overdue(primary, rotation, now);
    if (mayTurnBack(rotation)
        && (failed.recovery() == Recovery.ROLL_BACK
            || (failed.recovery() == Recovery.RETRY && overdue))) {
      return turnBack(primary, rotation, failure, now);
    }
    int attempts = rotation.attempts() + 1;
    boolean stalled =
        failed.recovery() != Recovery.RETRY || overdue || (!mayTurnBack(rotation) && attempts > 3);
    return rotation
        .with()
        .attempts(attempts)
        .nextAttemptAt(text(now.plus(backoff(attempts))))
        .lastFailure(failure)
        .stalled(stalled ? failure : rotation.stalled())
        .build();
  }

  /** The rotation, turned to the old keys and put before the first step of the way back. */
  static RotationStatus turnBack(
      KeyRotation primary, RotationStatus rotation, Failure cause, Instant now) {
    RotationStatus back =
        rotation
            .with()
            .direction(Direction.ROLL_BACK)
            .fencing(fencingBack(rotation, cause))
            .rollBackCause(cause)
            .stepStartedAt(text(now))
            .attempts(0)
            .nextAttemptAt(null)
            .stalled(null)
            .verifiedSince(null)
            .progress(null)
            .build();
    List<StepName> steps = StepSequence.of(back, primary.getSpec().database() != null);
    if (steps.isEmpty()) {
      return back;
    }
    boolean stops = steps.getFirst() == StepName.STOP_WORKLOADS && back.stoppedAt() == null;
    return back.with()
        .step(steps.getFirst())
        .stoppedAt(stops ? text(now) : back.stoppedAt())
        .build();
  }

  /**
   * Marks that do not reach the database would hold off the instances that are restarted, too. So
   * nobody is held off then: old instances can read the values again as soon as they are taken
   * back, and the few new ones have not been able to all the time.
   */
  private static @Nullable Fencing fencingBack(RotationStatus rotation, Failure cause) {
    return rotation.fencing() == Fencing.MARKS
            && cause.reason().equals(ConditionReason.CONNECTION_MARK_NOT_SEEN.text())
        ? Fencing.NOBODY
        : rotation.fencing();
  }

  static Failure failure(
      RotationStatus rotation, ConditionReason reason, String message, Instant now) {
    return new Failure(rotation.step(), reason.text(), message, text(now));
  }

  /** A time as the status holds it: RFC 3339, whole seconds. */
  public static String text(Instant instant) {
    return instant.truncatedTo(ChronoUnit.SECONDS).toString();
  }
}
