package dev.keyrotation.host;

import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.SystemdUnitTarget;
import dev.keyrotation.failure.RotationException;

/** Finds the host of a unit. */
public interface Hosts {
  /**
   * The host, not necessarily connected yet.
   *
   * @throws RotationException with {@code NOT_SUPPORTED} when the unit names no host and this
   *     process runs on none, or when its key cannot be read here
   */
  Host of(KeyRotation owner, SystemdUnitTarget unit);
}
