package dev.keyrotation.failure;

import dev.keyrotation.api.v1alpha1.ConditionReason;
import org.jspecify.annotations.Nullable;

/**
 * A failure of the world, thrown by adapters and caught by the engine. The message says what is
 * wrong, where, and what to do; it never holds a key, a connection URL with its password, a stored
 * value or a response body.
 */
public class RotationException extends RuntimeException {
  private static final long serialVersionUID = 1;

  private final ConditionReason reason;
  private final Recovery recovery;

  public RotationException(ConditionReason reason, Recovery recovery, String message) {
    this(reason, recovery, message, null);
  }

  /**
   * {@code cause} is kept for debugging only and is never printed by the operator: its text may
   * hold secrets.
   */
  public RotationException(
      ConditionReason reason, Recovery recovery, String message, @Nullable Throwable cause) {
    super(message, cause);
    this.reason = reason;
    this.recovery = recovery;
  }

  public ConditionReason reason() {
    return reason;
  }

  public Recovery recovery() {
    return recovery;
  }

  /** The message; never null. */
  public String sentence() {
    String message = getMessage();
    return message == null ? reason.text() : message;
  }
}
