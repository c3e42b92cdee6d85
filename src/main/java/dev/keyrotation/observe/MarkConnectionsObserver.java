package dev.keyrotation.observe;

import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.RotationStatus;
import dev.keyrotation.key.ConnectionMarks;
import dev.keyrotation.key.ConnectionMarks.Look;
import dev.keyrotation.plan.Evidence;
import java.time.Duration;
import java.time.Instant;

/** MarkConnections: the connection URL that instances read carries the mark of the target keys. */
final class MarkConnectionsObserver implements StepObserver {
  /**
   * How long the keys are ahead of the mark. A node watches each Secret by itself: without a
   * distance, a container that starts just then could find the mark and not yet the keys.
   */
  static final Duration HEAD_START = Duration.ofSeconds(5);

  /** How long a Secret that is replaced may be away. */
  private static final Duration PATIENCE = Duration.ofMinutes(1);

  private final ConnectionMarks marks;

  MarkConnectionsObserver(ConnectionMarks marks) {
    this.marks = marks;
  }

  @Override
  public Evidence evidence(KeyRotation primary, RotationStatus rotation, Instant now) {
    return switch (marks.look(primary)) {
      case Look.Unusable(String why) ->
          new Evidence.Refuted(
              ConditionReason.CONNECTION_MARK_NOT_SEEN,
              "The connection URL cannot be marked: " + why + ".",
              PATIENCE);
      case Look.Writable(String mark) when rotation.connectionMark().equals(mark) ->
          Evidence.Present.PLAIN;
      case Look.Writable _
          when now.isBefore(Instant.parse(rotation.stepStartedAt()).plus(HEAD_START)) ->
          new Evidence.Underway("nodes learn of the keys before the mark", null);
      case Look.Writable _ ->
          new Evidence.Absent("the connection URL does not carry the mark yet", null);
    };
  }
}
