package dev.keyrotation.cli;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * A wish to end, from Ctrl-C or the service manager. It is asked for between two turns: an effect
 * that has begun is finished, and its outcome is looked at by whoever goes on.
 */
class Stop {
  private final CountDownLatch asked = new CountDownLatch(1);

  void ask() {
    asked.countDown();
  }

  boolean isAsked() {
    return asked.getCount() == 0;
  }

  /** Waits, at most until somebody asks. */
  void pause(Duration time) {
    try {
      asked.await(time.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      ask();
    }
  }
}
