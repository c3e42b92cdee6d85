package dev.keyrotation.database;

import java.sql.SQLException;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/** What a computation gives that has begun already, beside whoever waits for it. */
final class Ahead<T> {
  private final FutureTask<T> task;

  private Ahead(FutureTask<T> task) {
    this.task = task;
  }

  /** Begins at once. What is not asked for ends by itself, and has no effect. */
  static <T> Ahead<T> of(Callable<T> computation) {
    FutureTask<T> task = new FutureTask<>(computation);
    Thread.startVirtualThread(task);
    return new Ahead<>(task);
  }

  /** Waits for it; throws what the computation threw. */
  T get() throws SQLException {
    boolean interrupted = false;
    try {
      while (true) {
        try {
          return task.get();
        } catch (InterruptedException e) {
          // It takes milliseconds. Who is interrupted notices at the next statement.
          interrupted = true;
        }
      }
    } catch (ExecutionException e) {
      if (e.getCause() instanceof SQLException thrown) {
        throw thrown;
      }
      if (e.getCause() instanceof RuntimeException thrown) {
        throw thrown;
      }
      throw new IllegalStateException("reading rows failed", e.getCause());
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
