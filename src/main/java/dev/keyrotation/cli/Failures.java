package dev.keyrotation.cli;

import dev.keyrotation.failure.RotationException;
import java.io.PrintWriter;

/** Tells why the command ended without a result. */
final class Failures {
  private Failures() {}

  /**
   * A sentence and an exit code; of a fault of ours, only where it is: its text may hold secrets.
   */
  static ExitCode tell(Exception failure, PrintWriter err) {
    ExitCode code =
        switch (failure) {
          case CommandFailure known -> {
            err.println(known.getMessage());
            yield known.exitCode();
          }
          case RotationException refused -> {
            err.println(refused.reason().text() + ": " + refused.sentence());
            yield ExitCode.STALLED;
          }
          default -> {
            StackTraceElement[] stack = failure.getStackTrace();
            err.println(
                "Fault of this command: "
                    + failure.getClass().getSimpleName()
                    + (stack.length == 0 ? "" : " at " + stack[0])
                    + ". What was done so far is in the state; the same command goes on from there. Please report"
                    + " it.");
            yield ExitCode.FAILED;
          }
        };
    err.flush();
    return code;
  }
}
