package dev.keyrotation.engine;

import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.KeyRotationStatus;
import dev.keyrotation.api.v1alpha1.SoakStatus;
import dev.keyrotation.plan.Decision;
import dev.keyrotation.plan.StepOutcome;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** When the next turn is due. Every wake-up is explicit: nothing else may come. */
final class Wake {
  static final Duration AT_ONCE = Duration.ofMillis(10);
  private static final Duration POLL = Duration.ofSeconds(1);
  private static final Duration FINDINGS = Duration.ofSeconds(30);
  private static final Duration RESTING = Duration.ofMinutes(3);

  /**
   * How much earlier some resources are looked at than others. All of them are looked at at once
   * after a start; with periods that differ they drift apart, and do not come at once each time.
   */
  private static final Duration SPREAD = Duration.ofSeconds(30);

  private Wake() {}

  static Duration after(
      KeyRotation primary,
      KeyRotationStatus status,
      Decision decision,
      StepOutcome outcome,
      Instant now) {
    return switch (decision) {
      case Decision.Start start -> AT_ONCE;
      case Decision.Advance advance -> AT_ONCE;
      case Decision.TurnBack back -> AT_ONCE;
      case Decision.Finish finish -> AT_ONCE;
      case Decision.TakeOver takeOver -> AT_ONCE;
      case Decision.Condemn condemn -> AT_ONCE;
      case Decision.Execute execute -> outcome instanceof StepOutcome.Made ? AT_ONCE : POLL;
      case Decision.Await await -> POLL;
      case Decision.Adopt adopt -> AT_ONCE;
      case Decision.Resume resume -> AT_ONCE;
      case Decision.Halt halt -> FINDINGS;
      case Decision.Blocked blocked -> FINDINGS;
      case Decision.Planned planned -> untilDue(primary, status, now);
      case Decision.Idle idle -> untilDue(primary, status, now);
      case Decision.Tidy tidy -> outcome instanceof StepOutcome.Made ? AT_ONCE : FINDINGS;
      case Decision.Retire retire ->
          outcome instanceof StepOutcome.Made ? AT_ONCE : resting(primary);
    };
  }

  private static Duration untilDue(KeyRotation primary, KeyRotationStatus status, Instant now) {
    SoakStatus soak = status.soak();
    Duration rest = resting(primary);
    Duration rotation = until(status.nextRotationAt(), rest, now);
    Duration look = until(soak == null ? null : soak.nextLookAt(), rest, now);
    return rotation.compareTo(look) < 0 ? rotation : look;
  }

  /** The same for a resource each time. */
  private static Duration resting(KeyRotation primary) {
    int hash = Objects.hashCode(primary.getMetadata().getUid());
    return RESTING.minusMillis(Math.floorMod(hash, SPREAD.toMillis()));
  }

  private static Duration until(@Nullable String time, Duration rest, Instant now) {
    if (time == null) {
      return rest;
    }
    Duration until = Duration.between(now, Instant.parse(time)).plusMillis(100);
    return until.compareTo(rest) > 0 ? rest : until.isNegative() ? POLL : until;
  }
}
