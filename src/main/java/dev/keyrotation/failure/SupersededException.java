package dev.keyrotation.failure;

import dev.keyrotation.api.v1alpha1.ConditionReason;

/**
 * What was to be written carries the mark of another epoch than ours: another process acts, or the
 * mark was removed. Nothing was written.
 */
public final class SupersededException extends RotationException {
  private static final long serialVersionUID = 1;

  private final long found;

  /**
   * @param what the object, as people call it
   * @param found the number of the epoch that it carries; 0 when it carries none
   */
  public SupersededException(String what, long found) {
    super(
        ConditionReason.SUPERSEDED,
        Recovery.RETRY,
        what + " does not carry the mark of this process; nothing was written.");
    this.found = found;
  }

  /** The number of the epoch that was found; 0 for none. */
  public long found() {
    return found;
  }
}
