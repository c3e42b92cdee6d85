package dev.keyrotation.engine;

import dev.keyrotation.api.v1alpha1.KeyRotation;

/** Tells whether a resource that was decided on is still what its store holds. */
public interface Freshness {
  /**
   * Reads the store, live. False when spec or status differ: another process has gone on meanwhile.
   */
  boolean isCurrent(KeyRotation primary);
}
