package dev.keyrotation.cli;

import dev.keyrotation.api.v1alpha1.Failure;
import dev.keyrotation.api.v1alpha1.HistoryEntry;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.RotationStatus;
import dev.keyrotation.api.v1alpha1.SoakStatus;
import dev.keyrotation.engine.RotationEngine;
import dev.keyrotation.engine.Turn;
import dev.keyrotation.plan.Decision;
import dev.keyrotation.plan.Statuses;
import dev.keyrotation.plan.StepOutcome;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Takes turns until nothing is under way and nothing is due. Each status is on the disk before the
 * next turn begins; so a process that is killed anywhere is replaced by the next one.
 */
final class RotationLoop {
  private static final String AGAIN =
      "Mend it and run the same command again: it goes on from here.";

  private final RotationEngine engine;
  private final HostState state;
  private final HostAudit audit;
  private final Follower follower;
  private final Stop stop;
  private final Duration patience;
  private final Soaking soaking;
  private final Clock clock;

  /**
   * @param patience how long a rotation that needs help is tried again before the loop ends
   * @param soaking whether the loop goes on until the time after the rotation is over
   */
  RotationLoop(
      RotationEngine engine,
      HostState state,
      HostAudit audit,
      Follower follower,
      Stop stop,
      Duration patience,
      Soaking soaking,
      Clock clock) {
    this.engine = engine;
    this.state = state;
    this.audit = audit;
    this.follower = follower;
    this.stop = stop;
    this.patience = patience;
    this.soaking = soaking;
    this.clock = clock;
  }

  /** Takes the resource as far as it goes now. */
  Result run(KeyRotation resource) {
    KeyRotation current = resource;
    HistoryEntry ended = null;
    Instant stalledSince = null;
    while (true) {
      if (!(engine.turn(current, state) instanceof Turn.Taken taken)) {
        throw new CommandFailure(
            ExitCode.LOCKED,
            "The state was changed by another process meanwhile; nothing was done. Run the command"
                + " again.");
      }
      audit.record(current, taken);
      current = state.write(current, taken.status());
      follower.show(current);
      if (taken.decision() instanceof Decision.Finish finish) {
        ended = finish.entry();
      }
      Result rest = rest(current, taken, ended);
      if (rest != null && !staysAfter(rest, current)) {
        return soaking.stays() ? Results.soaked(rest, current) : rest;
      }
      RotationStatus rotation = taken.status().rotation();
      Failure stalled = rotation == null ? null : rotation.stalled();
      stalledSince =
          stalled == null ? null : Objects.requireNonNullElse(stalledSince, clock.instant());
      if (stalled != null
          && stalledSince != null
          && !clock.instant().isBefore(stalledSince.plus(patience))) {
        return Results.stalled(stalled, current, AGAIN);
      }
      stop.pause(taken.wake());
      if (stop.isAsked() && rest != null) {
        return Results.soakInterrupted(
            rest, current, "`keyrotation run --soak` with the same request goes on.");
      }
      if (stop.isAsked() && rotation != null) {
        return new Result(
            ExitCode.INTERRUPTED,
            "Stopped in mid-rotation, step "
                + rotation.step()
                + ". Half-way is no safe place to wait: run the same command again, it goes on from"
                + " here.",
            current);
      }
    }
  }

  private boolean staysAfter(Result rest, KeyRotation current) {
    SoakStatus soak = Statuses.of(current).soak();
    return soaking.stays()
        && rest.exitCode() == ExitCode.SUCCEEDED
        && soak != null
        && soak.underWay();
  }

  private static @Nullable Result rest(
      KeyRotation current, Turn.Taken taken, @Nullable HistoryEntry ended) {
    return switch (taken.decision()) {
      case Decision.Blocked blocked -> Results.findings(current);
      case Decision.Halt halt -> new Result(ExitCode.STALLED, halt.finding().message(), current);
      case Decision.Planned planned -> atRest(current, ended);
      case Decision.Idle idle -> atRest(current, ended);
      case Decision.Retire retire ->
          taken.outcome() instanceof StepOutcome.Made ? null : atRest(current, ended);
      default -> null;
    };
  }

  private static Result atRest(KeyRotation current, @Nullable HistoryEntry ended) {
    if (ended != null) {
      return Results.ended(ended, current);
    }
    String request = current.getSpec().rotate().request();
    if (request != null && !request.equals(Statuses.of(current).handledRequest())) {
      return Results.held(current);
    }
    String handled = Statuses.of(current).handledRequest();
    if (handled != null && handled.equals(current.getSpec().rotate().request())) {
      return Statuses.of(current).history().stream()
          .filter(entry -> handled.equals(entry.request()))
          .findFirst()
          .map(entry -> already(entry, current))
          .orElseGet(
              () ->
                  new Result(
                      ExitCode.SUCCEEDED, "Request " + handled + " was handled before.", current));
    }
    return new Result(ExitCode.SUCCEEDED, "Nothing is due.", current);
  }

  private static Result already(HistoryEntry entry, KeyRotation current) {
    Result then = Results.ended(entry, current);
    return new Result(
        then.exitCode(),
        "Nothing is due: request " + entry.request() + " was handled before. " + then.sentence(),
        current);
  }
}
