package dev.keyrotation.cli;

import dev.keyrotation.api.v1alpha1.RotationDuration;
import java.time.Clock;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** The verbs on a resource. */
final class Verbs {
  private Verbs() {}

  @Command(name = "plan", description = "Show what a rotation would do; change nothing.")
  static final class Plan extends Verb {
    @Override
    int run(Backend backend) {
      Result result = backend.plan();
      return output.print(out(), result, () -> StatusText.plan(result));
    }
  }

  /** A verb that follows a rotation. */
  abstract static class Following extends Verb {
    @Option(
        names = "--watch",
        negatable = true,
        description = "Draw a live table of the steps; default on a terminal.")
    @Nullable Boolean watch;

    @Option(
        names = "--patience",
        paramLabel = "DURATION",
        defaultValue = "10m",
        description =
            "How long a rotation that needs help is tried again before the command ends with 5;"
                + " default: ${DEFAULT-VALUE}.")
    String patience = "10m";

    @Override
    final int run(Backend backend) {
      Result result;
      try (Follower follower = follower()) {
        result = follow(backend, follower);
      }
      return output.print(out(), result, result::sentence);
    }

    abstract Result follow(Backend backend, Follower follower);

    private Follower follower() {
      boolean text = output.format == OutputOptions.Format.text;
      return text && (watch == null ? Terminal.isThere() : watch)
          ? new LiveTable(out(), Clock.systemUTC(), Terminal.width())
          : new ProgressLines(text ? out() : err());
    }

    @Override
    Duration patience() {
      try {
        return RotationDuration.parse(patience);
      } catch (IllegalArgumentException e) {
        throw new ParameterException(spec.commandLine(), "--patience: " + e.getMessage() + ".", e);
      }
    }
  }

  @Command(
      name = "run",
      description = "Rotate, or go on with a rotation that was interrupted; follow it to its end.")
  static final class Run extends Following {
    @Option(
        names = "--request",
        paramLabel = "TEXT",
        description =
            "Names the rotation; the same text starts none again. Default: the request of the"
                + " resource when it is new, else one with the time.")
    @Nullable String request;

    @Option(
        names = "--if-due",
        description =
            "Start only what the resource asks for: a new request, or a schedule that is due.")
    boolean ifDue;

    @Option(
        names = "--soak",
        paramLabel = "DURATION",
        arity = "0..1",
        fallbackValue = "",
        description =
            "Stay after the rotation and watch: for DURATION, else for spec.soakPeriod. Ends with 8"
                + " when something was found.")
    @Nullable String soak;

    @Override
    Result follow(Backend backend, Follower follower) {
      if (ifDue && request != null) {
        throw new ParameterException(
            spec.commandLine(), "--request and --if-due exclude each other.");
      }
      return backend.run(
          ifDue ? new HostResource.Wish.WhatIsDue() : new HostResource.Wish.Rotate(request),
          soaking(),
          follower);
    }

    private Soaking soaking() {
      if (soak == null || soak.isEmpty()) {
        return soak == null ? Soaking.NO : new Soaking(true, null);
      }
      try {
        RotationDuration.parse(soak);
      } catch (IllegalArgumentException e) {
        throw new ParameterException(spec.commandLine(), "--soak: " + e.getMessage() + ".", e);
      }
      return new Soaking(true, soak);
    }
  }

  @Command(
      name = "rollback",
      description = "Go back to the old keys: of the rotation under way, or of the last one.")
  static final class RollBack extends Following {
    @Option(
        names = "--rotation",
        paramLabel = "ID",
        description = "The rotation that is meant; the command ends when it is not the last one.")
    @Nullable String rotation;

    @Override
    Result follow(Backend backend, Follower follower) {
      Result result = backend.rollBack(rotation, follower);
      return result.exitCode() == ExitCode.ROLLED_BACK
          ? new Result(ExitCode.SUCCEEDED, result.sentence(), result.resource())
          : result;
    }
  }

  @Command(name = "status", description = "Show where things stand.")
  static final class StatusVerb extends Verb {
    @Override
    int run(Backend backend) {
      Result status = StatusText.result(backend.read());
      return output.print(
          out(), status, () -> StatusText.status(status.resource(), Clock.systemUTC().instant()));
    }
  }

  @Command(
      name = "verify",
      description =
          "Ask each instance now whether it accepts its master key and refuses others; change"
              + " nothing.")
  static final class Verify extends Verb {
    @Override
    int run(Backend backend) {
      return output.print(out(), backend.verify());
    }
  }

  @Command(name = "history", description = "List the rotations that ended.")
  static final class History extends Verb {
    @Override
    int run(Backend backend) {
      var history = StatusText.history(backend.read());
      output.print(out(), history, () -> StatusText.history(history));
      return ExitCode.SUCCEEDED.code();
    }
  }

  @Command(name = "doctor", description = "Check all that a rotation needs; change nothing.")
  static final class Doctor extends Verb {
    @Override
    int run(Backend backend) {
      return output.print(out(), backend.doctor());
    }
  }
}
