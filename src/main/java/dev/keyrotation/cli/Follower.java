package dev.keyrotation.cli;

import dev.keyrotation.api.v1alpha1.KeyRotation;

/** Is shown each status of a resource, also equal ones while time passes. */
interface Follower extends AutoCloseable {
  void show(KeyRotation resource);

  /** Shows nothing more. */
  @Override
  default void close() {}
}
