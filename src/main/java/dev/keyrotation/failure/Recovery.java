package dev.keyrotation.failure;

/** What to do about a failure. */
public enum Recovery {
  /** It may pass: try again later. */
  RETRY,
  /** It will not pass and the state of the world is known: go back to the old keys. */
  ROLL_BACK,
  /** The state of the world is not known, or going back needs it too: wait for help. */
  HALT
}
