package dev.keyrotation.engine;

import dev.keyrotation.api.v1alpha1.KeyRotation;

/** Tells whether a resource that was decided on is still what its store holds. */
public interface Freshness {
  /**
   * Reads the store, live. False when spec or status differ: another process has gone on meanwhile.
   */
  boolean isCurrent(KeyRotation primary);

  /**
   * Reads the store, live. True only when it is certain that nobody uses the new keys of the
   * rotation in the status of {@code primary}, and nobody will: it was given up, or they are
   * retired.
   */
  default boolean isAbandoned(KeyRotation primary) {
    return false;
  }
}
