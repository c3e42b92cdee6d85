package dev.keyrotation.plan;

import dev.keyrotation.api.v1alpha1.Direction;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.RolloutMode;
import dev.keyrotation.api.v1alpha1.RotationDuration;
import dev.keyrotation.api.v1alpha1.RotationStatus;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * How long the master key that goes out of use is accepted beside the one that comes.
 *
 * <p>Its row is a short lease that is extended while the operator lives. So it ends about {@code
 * spec.gracePeriod} after the operator was last there, whatever happens to the operator.
 */
public final class Grace {
  /** How long the operator may be away during a restart before clients of the old key notice. */
  private static final Duration LEASE = Duration.ofMinutes(5);

  /** Publish, restart, verify and close each may take a step's deadline. */
  private static final int STEPS_COVERED = 4;

  private Grace() {}

  /**
   * How long the other key is accepted after all instances have restarted: not at all when somebody
   * else may know it, nor after a roll back.
   */
  public static Duration period(KeyRotation primary, RotationStatus rotation) {
    return rotation.direction() == Direction.FORWARD && !rotation.compromised()
        ? RotationDuration.parse(primary.getSpec().gracePeriod())
        : Duration.ZERO;
  }

  /** When the grace ends; meaningful in CloseGrace. */
  public static Instant end(KeyRotation primary, RotationStatus rotation) {
    return Instant.parse(rotation.stepStartedAt()).plus(period(primary, rotation));
  }

  /**
   * Whether rows are wanted at all: with Drain no instance of the other key runs beside one of the
   * target key, so that only a grace after the restart needs them.
   */
  public static boolean opens(KeyRotation primary, RotationStatus rotation) {
    return rotation.mode() != RolloutMode.DRAIN || !period(primary, rotation).isZero();
  }

  /**
   * Whether the other key gets a row. A compromised one gets none: it dies with each old instance.
   * The target key gets its row all the same, so that clients can switch before the last one.
   */
  public static boolean admitsOther(RotationStatus rotation) {
    return !(rotation.compromised() && rotation.direction() == Direction.FORWARD);
  }

  /** Whether keys of dashboard sessions end too: whoever had the old key may have logged in. */
  public static boolean endsSessions(RotationStatus rotation) {
    return rotation.compromised() && rotation.direction() == Direction.FORWARD;
  }

  /**
   * Until when the row of the target key holds. It is the key that stays, so it may outlast the
   * rotation; it never ends before that of the other key, however short {@code stepDeadline} is.
   */
  public static Instant targetKeyUntil(KeyRotation primary, RotationStatus rotation, Instant now) {
    Instant steps =
        now.plus(
                RotationDuration.parse(primary.getSpec().stepDeadline())
                    .multipliedBy(STEPS_COVERED))
            .plus(period(primary, rotation));
    Instant lease = otherKeyUntil(primary, rotation, now);
    return steps.isAfter(lease) ? steps : lease;
  }

  /** Until when the row of the other key holds. */
  public static Instant otherKeyUntil(KeyRotation primary, RotationStatus rotation, Instant now) {
    return now.plus(least(primary, rotation)).plus(LEASE);
  }

  /**
   * Whether the row of the other key has to be extended, long before it ends: an instance that has
   * cached the earlier end refuses the key once when that comes. A row that is not there is never
   * due: the key may be dead already.
   */
  public static boolean leaseIsDue(
      KeyRotation primary, RotationStatus rotation, @Nullable Instant until, Instant now) {
    return until != null
        && until.isBefore(now.plus(least(primary, rotation)).plus(LEASE.dividedBy(2)));
  }

  /** Verification has to hold without a break, so nothing is extended meanwhile. */
  private static Duration least(KeyRotation primary, RotationStatus rotation) {
    return RotationDuration.parse(primary.getSpec().stabilityPeriod())
        .plus(period(primary, rotation));
  }
}
