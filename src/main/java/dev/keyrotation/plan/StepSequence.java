package dev.keyrotation.plan;

import static dev.keyrotation.api.v1alpha1.StepName.CLOSE_GRACE;
import static dev.keyrotation.api.v1alpha1.StepName.GENERATE_KEYS;
import static dev.keyrotation.api.v1alpha1.StepName.MARK_CONNECTIONS;
import static dev.keyrotation.api.v1alpha1.StepName.OPEN_GRACE;
import static dev.keyrotation.api.v1alpha1.StepName.PUBLISH_COPIES;
import static dev.keyrotation.api.v1alpha1.StepName.PUBLISH_KEYS;
import static dev.keyrotation.api.v1alpha1.StepName.REENCRYPT_DATA;
import static dev.keyrotation.api.v1alpha1.StepName.RESTART_WORKLOADS;
import static dev.keyrotation.api.v1alpha1.StepName.STOP_WORKLOADS;
import static dev.keyrotation.api.v1alpha1.StepName.VERIFY;

import dev.keyrotation.api.v1alpha1.Direction;
import dev.keyrotation.api.v1alpha1.Fencing;
import dev.keyrotation.api.v1alpha1.KeyKind;
import dev.keyrotation.api.v1alpha1.RolloutMode;
import dev.keyrotation.api.v1alpha1.RotationStatus;
import dev.keyrotation.api.v1alpha1.StepName;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Which steps a rotation takes, in which order.
 *
 * <p>Keys are published before the data is re-encrypted: an instance that starts in between then
 * holds the new key. The other way round it would hold the old one and could write under it. With
 * Drain nothing runs at that time at all.
 */
public final class StepSequence {
  private StepSequence() {}

  /**
   * Steps of a rotation in direction Forward.
   *
   * @param marks whether instances are told apart by a mark in their connection URL. It is written
   *     after the keys: an instance that starts in between has the new keys and is held off, which
   *     is harmless; the other way round it would have the old ones and be let through
   * @param copies whether there are copies of the master key for clients. They follow the keys at
   *     once: instances accept the target key from OpenGrace on, and none of it once they restart
   */
  public static List<StepName> forward(
      @Nullable RolloutMode mode,
      boolean marks,
      boolean copies,
      boolean replacesMaster,
      boolean hasDatabase) {
    List<StepName> steps = new ArrayList<>();
    steps.add(GENERATE_KEYS);
    if (replacesMaster && hasDatabase) {
      steps.add(OPEN_GRACE);
    }
    if (mode == RolloutMode.DRAIN) {
      steps.add(STOP_WORKLOADS);
    }
    steps.add(PUBLISH_KEYS);
    if (replacesMaster && copies) {
      steps.add(PUBLISH_COPIES);
    }
    if (mode == RolloutMode.FENCED && marks) {
      steps.add(MARK_CONNECTIONS);
    }
    if (mode == RolloutMode.DRAIN || mode == RolloutMode.FENCED) {
      steps.add(REENCRYPT_DATA);
    }
    steps.add(RESTART_WORKLOADS);
    steps.add(VERIFY);
    if (replacesMaster) {
      steps.add(CLOSE_GRACE);
    }
    return List.copyOf(steps);
  }

  /**
   * Steps that take a rotation back, whatever of it was done. Each finds by its evidence whether
   * there is something to undo; so they may all run even when little was done.
   */
  static List<StepName> rollBack(RotationStatus rotation, boolean hasDatabase) {
    if (rotation.reached().compareTo(OPEN_GRACE) < 0) {
      return List.of();
    }
    boolean replacesMaster = rotation.keys().contains(KeyKind.MASTER);
    if (rotation.reached() == OPEN_GRACE) {
      return List.of(CLOSE_GRACE);
    }
    // With Drain the grace is for after a rotation, and there is none after a roll back.
    return forward(
            rotation.mode(),
            takesMarkBack(rotation),
            rotation.hasCopies(),
            replacesMaster,
            hasDatabase)
        .stream()
        .filter(step -> step != GENERATE_KEYS)
        .filter(step -> step != OPEN_GRACE || rotation.mode() != RolloutMode.DRAIN)
        .toList();
  }

  /** Whether the rotation may write the connection URL, in its present direction. */
  public static boolean writesMarks(RotationStatus rotation) {
    return rotation.fencing() == Fencing.MARKS || rotation.fencing() == Fencing.NOBODY;
  }

  private static boolean takesMarkBack(RotationStatus rotation) {
    return writesMarks(rotation) && rotation.reached().compareTo(MARK_CONNECTIONS) >= 0;
  }

  /** Steps of a rotation in its present direction. */
  public static List<StepName> of(RotationStatus rotation, boolean hasDatabase) {
    return rotation.direction() == Direction.FORWARD
        ? forward(
            rotation.mode(),
            rotation.marksConnections(),
            rotation.hasCopies(),
            rotation.keys().contains(KeyKind.MASTER),
            hasDatabase)
        : rollBack(rotation, hasDatabase);
  }

  /** The step after the present one; empty after the last. */
  static Optional<StepName> after(RotationStatus rotation, boolean hasDatabase) {
    List<StepName> steps = of(rotation, hasDatabase);
    int next = steps.indexOf(rotation.step()) + 1;
    return next < steps.size() ? Optional.of(steps.get(next)) : Optional.empty();
  }
}
