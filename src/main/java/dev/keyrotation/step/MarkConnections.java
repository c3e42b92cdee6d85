package dev.keyrotation.step;

import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.RotationStatus;
import dev.keyrotation.key.ConnectionMarks;
import dev.keyrotation.plan.StepOutcome;
import java.time.Instant;

/** Writes the mark of the target keys into the connection URL that the instances read. */
final class MarkConnections implements StepEffect {
  private final ConnectionMarks marks;

  MarkConnections(ConnectionMarks marks) {
    this.marks = marks;
  }

  @Override
  public StepOutcome apply(KeyRotation primary, RotationStatus rotation, Instant now) {
    marks.write(primary, rotation.connectionMark());
    return new StepOutcome.Made();
  }
}
