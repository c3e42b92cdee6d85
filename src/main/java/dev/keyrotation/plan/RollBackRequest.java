package dev.keyrotation.plan;

import dev.keyrotation.api.v1alpha1.ActiveKeys;
import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.api.v1alpha1.DataCounts;
import dev.keyrotation.api.v1alpha1.DatabaseSpec;
import dev.keyrotation.api.v1alpha1.Direction;
import dev.keyrotation.api.v1alpha1.Fencing;
import dev.keyrotation.api.v1alpha1.HistoryEntry;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.KeyRotationStatus;
import dev.keyrotation.api.v1alpha1.RolloutMode;
import dev.keyrotation.api.v1alpha1.RotationDuration;
import dev.keyrotation.api.v1alpha1.RotationReason;
import dev.keyrotation.api.v1alpha1.RotationResult;
import dev.keyrotation.api.v1alpha1.RotationStatus;
import dev.keyrotation.api.v1alpha1.RotationStatusBuilder;
import dev.keyrotation.api.v1alpha1.StepName;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * {@code spec.rotate.rollBack}: it names a rotation, so that a manifest that keeps it asks for
 * nothing more once that rotation has been rolled back.
 */
public final class RollBackRequest {
  static final String SENTENCE = "spec.rotate.rollBack asks for it.";

  private RollBackRequest() {}

  /** Whether it names the rotation that is under way, and that one goes forward. */
  static boolean means(KeyRotation primary, RotationStatus rotation) {
    return rotation.direction() == Direction.FORWARD
        && rotation.id().equals(primary.getSpec().rotate().rollBack())
        && isConfirmed(primary, rotation.reason());
  }

  /**
   * Whether the user means it: the way back from a rotation with reason Compromised makes keys work
   * again that somebody else may know.
   */
  public static boolean isConfirmed(KeyRotation primary, RotationReason reason) {
    return reason != RotationReason.COMPROMISED
        || primary.getSpec().rotate().acceptCompromisedKeys();
  }

  /** The last rotation, when it succeeded and its old keys are kept. */
  public static Optional<HistoryEntry> candidate(KeyRotationStatus status) {
    return status.history().stream()
        .findFirst()
        .filter(
            entry ->
                entry.result() == RotationResult.SUCCEEDED
                    && entry.retiringSince() == null
                    && entry.retiredAt() == null);
  }

  /** Until when the old keys of a rotation are kept, RFC 3339. */
  public static String keptUntil(KeyRotation primary, HistoryEntry entry) {
    return FailurePolicy.text(
        Instant.parse(entry.completedAt())
            .plus(RotationDuration.parse(primary.getSpec().retention().previousKeys())));
  }

  /** Whether it names a rotation that has ended and can be rolled back. */
  public static boolean isPending(KeyRotation primary) {
    return Statuses.of(primary).rotation() == null && pending(primary).isPresent();
  }

  private static Optional<HistoryEntry> pending(KeyRotation primary) {
    return candidate(Statuses.of(primary))
        .filter(entry -> entry.id().equals(primary.getSpec().rotate().rollBack()))
        .filter(entry -> isConfirmed(primary, entry.reason()));
  }

  /** As it came, unless that needs a write that the spec does not allow any more. */
  private static @Nullable RolloutMode mode(KeyRotation primary, HistoryEntry entry) {
    DatabaseSpec database = primary.getSpec().database();
    boolean mayMark = database != null && database.markConnections();
    return entry.fencing() == Fencing.MARKS && !mayMark ? RolloutMode.DRAIN : entry.mode();
  }

  /**
   * The rotation that takes an ended one back. No preflight stands before it: what it would find
   * may be the very reason for going back; and every step has its own evidence.
   */
  static Optional<RotationStatus> begin(KeyRotation primary, ObservedState observed, Instant now) {
    ActiveKeys active = Statuses.of(primary).activeKeys();
    if (active == null) {
      return Optional.empty();
    }
    return pending(primary)
        .map(
            entry -> {
              RotationStatus ended =
                  RotationStatusBuilder.builder()
                      .id(entry.id())
                      .revision(entry.revision())
                      .fromRevision(entry.fromRevision())
                      .direction(Direction.FORWARD)
                      .step(StepName.CLOSE_GRACE)
                      .reached(StepName.CLOSE_GRACE)
                      .keys(entry.keys())
                      .mode(mode(primary, entry))
                      .fencing(mode(primary, entry) == RolloutMode.FENCED ? entry.fencing() : null)
                      .reencrypts(entry.mode() != RolloutMode.ROLLING)
                      .trigger(entry.trigger())
                      .request(entry.request())
                      .reason(entry.reason())
                      .startedAt(FailurePolicy.text(now))
                      .stepStartedAt(FailurePolicy.text(now))
                      .oldKeys(entry.oldKeys())
                      .newKeys(active.fingerprints())
                      .sizes(observed.sizes())
                      .data(DataCounts.NONE)
                      .copies(Planner.copies(primary.getSpec()))
                      .build();
              return FailurePolicy.turnBack(
                  primary,
                  ended,
                  FailurePolicy.failure(ended, ConditionReason.ROLL_BACK_REQUESTED, SENTENCE, now),
                  now);
            });
  }
}
