package dev.keyrotation.cli;

import dev.keyrotation.api.v1alpha1.Failure;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.RotationStatus;
import dev.keyrotation.api.v1alpha1.SoakStatus;
import dev.keyrotation.plan.Statuses;
import dev.keyrotation.status.SoakWords;
import dev.keyrotation.status.StepWords;
import java.io.PrintWriter;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A line for each step, failure and turn, for logs and pipes. */
final class ProgressLines implements Follower {
  private final PrintWriter out;
  private @Nullable RotationStatus before;
  private int looks;

  ProgressLines(PrintWriter out) {
    this.out = out;
  }

  @Override
  public void show(KeyRotation resource) {
    RotationStatus rotation = Statuses.of(resource).rotation();
    if (rotation != null) {
      tell(rotation);
    }
    before = rotation;
    tell(Statuses.of(resource).soak());
    out.flush();
  }

  private void tell(@Nullable SoakStatus soak) {
    if (soak != null && soak.looks() > looks && soak.lastLookAt() != null) {
      out.println(soak.lastLookAt() + " " + SoakWords.sentence(soak));
    }
    looks = soak == null ? 0 : soak.looks();
  }

  private void tell(RotationStatus rotation) {
    RotationStatus last = before;
    boolean fresh = last == null || !last.id().equals(rotation.id());
    Failure cause = rotation.rollBackCause();
    if (cause != null && (last == null || last.rollBackCause() == null)) {
      line(
          rotation,
          rotation.stepStartedAt(),
          "goes back: " + cause.reason() + ": " + cause.message());
    }
    if (fresh
        || last == null
        || last.step() != rotation.step()
        || last.direction() != rotation.direction()) {
      line(rotation, rotation.stepStartedAt(), StepWords.of(rotation.step(), rotation.direction()));
    }
    Failure failure = rotation.lastFailure();
    if (failure != null && (last == null || !sameMessage(failure, last.lastFailure()))) {
      line(rotation, failure.time(), failure.reason() + ": " + failure.message());
    }
    Failure stalled = rotation.stalled();
    if (stalled != null && (last == null || !sameMessage(stalled, last.stalled()))) {
      line(rotation, stalled.time(), "stalled: " + stalled.reason() + ": " + stalled.message());
    }
  }

  private static boolean sameMessage(Failure one, @Nullable Failure other) {
    return other != null && Objects.equals(one.message(), other.message());
  }

  private void line(RotationStatus rotation, String time, String text) {
    out.println(time + " " + rotation.id() + ": " + text);
  }
}
