package dev.keyrotation.proxy;

import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.failure.RotationException;

/** Reaches the running instances of a KeyRotation. */
@FunctionalInterface
public interface Proxies {
  /**
   * Asks as {@code spec.proxy} says.
   *
   * @throws RotationException with {@code TLS_FAILED} when the authorities to trust cannot be read
   */
  ProxyApi of(KeyRotation rotation);
}
