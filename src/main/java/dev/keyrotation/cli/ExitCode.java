package dev.keyrotation.cli;

/** What the command tells scripts. Documented in docs/command.md; only added to. */
enum ExitCode {
  /** It did what was asked for, or there was nothing to do. */
  SUCCEEDED(0),
  /** A fault of the command itself. */
  FAILED(1),
  /** An option or the resource is wrong; nothing was changed. */
  BAD_INPUT(2),
  /** Something stands in the way of a rotation, or a check found something; nothing was changed. */
  FINDINGS(3),
  /** The rotation ended on the old keys. */
  ROLLED_BACK(4),
  /** It cannot go on, or cannot be known; a person has to look, then {@code run} goes on. */
  STALLED(5),
  /** Another process works on the same state directory. */
  LOCKED(6),
  /** It was told to stop in mid-rotation, or while it watched; {@code run} goes on. */
  INTERRUPTED(7),
  /** The rotation succeeded, and the looks after it found something. */
  SOAK_PROBLEMS(8);

  private final int code;

  ExitCode(int code) {
    this.code = code;
  }

  int code() {
    return code;
  }
}
