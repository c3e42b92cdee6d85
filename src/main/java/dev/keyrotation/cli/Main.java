package dev.keyrotation.cli;

import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.logging.Level;
import java.util.logging.Logger;
import sun.misc.Signal;

/**
 * The entry of the command. It boots no Quarkus: nothing of the operator starts, and an answer is
 * there in a second.
 */
public final class Main {
  /** An effect under way is finished before the process ends; none takes longer unwatched. */
  private static final long LONGEST_TURN_SECONDS = 120;

  private static final Logger ROOT = Logger.getLogger("");

  private Main() {}

  /** Runs the command and ends the process with its exit code. */
  public static void main(String[] args) {
    ROOT.setLevel(Level.WARNING);
    Stop stop = new Stop();
    CompletableFuture<Integer> exit = new CompletableFuture<>();
    Runtime.getRuntime().addShutdownHook(new Thread(() -> finish(stop, exit), "stop"));
    int code;
    try {
      code = KeyRotationCommand.commandLine(new LocalEngines(Main::noCluster), stop).execute(args);
    } catch (Error e) {
      exit.complete(ExitCode.FAILED.code());
      throw e;
    }
    exit.complete(code);
    System.exit(code);
  }

  private static KubernetesClient noCluster() {
    throw new IllegalStateException("the options name the cluster");
  }

  /** Lets the present turn end, then ends the process with the command's own exit code. */
  private static void finish(Stop stop, CompletableFuture<Integer> exit) {
    stop.ask();
    endAtOnceWhenAskedAgain();
    int code = ExitCode.INTERRUPTED.code();
    try {
      code = exit.get(LONGEST_TURN_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException | TimeoutException e) {
      // The turn hangs. What it did is found by the next run.
    }
    Runtime.getRuntime().halt(code);
  }

  /**
   * A runtime that ends ignores the signals that come then, unless somebody handles them. What the
   * turn did is found by the next run, as after any other end.
   */
  private static void endAtOnceWhenAskedAgain() {
    Signal.handle(
        new Signal("INT"), signal -> Runtime.getRuntime().halt(ExitCode.INTERRUPTED.code()));
  }
}
