package dev.keyrotation.controller;

import dev.keyrotation.api.v1alpha1.KeyRotationStatus;
import dev.keyrotation.api.v1alpha1.RotationStatus;
import org.jboss.logging.MDC;
import org.jspecify.annotations.Nullable;

/**
 * Puts the rotation's id on every log record that the thread writes until it is closed. The
 * framework does so with name and namespace of the resource.
 */
final class LogContext implements AutoCloseable {
  private static final String KEY = "rotation";

  private final @Nullable Object before = MDC.get(KEY);

  private LogContext() {}

  /** The first of these that has a rotation under way tells its id. */
  static LogContext of(KeyRotationStatus... statuses) {
    LogContext context = new LogContext();
    for (KeyRotationStatus status : statuses) {
      RotationStatus rotation = status.rotation();
      if (rotation != null) {
        MDC.put(KEY, rotation.id());
        break;
      }
    }
    return context;
  }

  @Override
  public void close() {
    if (before == null) {
      MDC.remove(KEY);
    } else {
      MDC.put(KEY, before);
    }
  }
}
