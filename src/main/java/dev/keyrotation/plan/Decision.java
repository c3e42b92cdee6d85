package dev.keyrotation.plan;

import dev.keyrotation.api.v1alpha1.ActiveKeys;
import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.api.v1alpha1.Epoch;
import dev.keyrotation.api.v1alpha1.HistoryEntry;
import dev.keyrotation.api.v1alpha1.RotationStatus;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What to do in this turn. Only {@link Execute}, {@link Tidy} and {@link Retire} touch the world.
 */
public sealed interface Decision {

  /** No rotation is under way and none is due. */
  record Idle() implements Decision {}

  /** A rotation may not begin: preflight has findings. */
  record Blocked(PreflightReport report) implements Decision {}

  /** Preflight is clean and nothing starts: no trigger, or only a plan was asked for. */
  record Planned(PreflightReport report) implements Decision {}

  /** A rotation begins: its intent is written. */
  record Start(RotationStatus rotation, PreflightReport report) implements Decision {}

  /**
   * The status was lost; the world tells that these keys are in use and that no rotation is under
   * way.
   */
  record Adopt(ActiveKeys active, long lastRevision, @Nullable String request)
      implements Decision {}

  /**
   * The status was lost; the world tells where the last rotation stood, and it goes on from there.
   */
  record Resume(RotationStatus rotation) implements Decision {}

  /** Nothing may begin until somebody helps. */
  record Halt(Finding finding) implements Decision {}

  /** This process has not acted on the resource yet: it takes the next epoch. */
  record TakeOver(Epoch epoch) implements Decision {}

  /** The present step is done: the intent of the next one is written. */
  record Advance(RotationStatus next) implements Decision {}

  /** The effect of the present step is made. */
  record Execute(RotationStatus rotation) implements Decision {}

  /** Nothing can be done now but wait. */
  record Await(RotationStatus rotation, String message, @Nullable Instant until)
      implements Decision {}

  /** The rotation turns back to the old keys: the intent is written. */
  record TurnBack(RotationStatus rotation, ConditionReason reason, String message)
      implements Decision {}

  /** The rotation has ended. */
  record Finish(RotationStatus rotation, HistoryEntry entry) implements Decision {}

  /** Fences that no rotation needs are removed. */
  record Tidy(List<String> rotations) implements Decision {}

  /** What an ended rotation left behind is no longer needed: that it goes is written. */
  record Condemn(HistoryEntry entry) implements Decision {}

  /** What an ended rotation left behind for its retention is removed. */
  record Retire(HistoryEntry entry) implements Decision {}
}
