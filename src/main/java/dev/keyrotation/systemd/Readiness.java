package dev.keyrotation.systemd;

import dev.keyrotation.api.v1alpha1.KeyRotation;
import java.net.URI;

/** Asks a unit's API whether it is ready; systemd does not know. */
@FunctionalInterface
public interface Readiness {
  /** Whether LiteLLM at {@code url} says that it is ready; false when it does not answer. */
  boolean isReady(KeyRotation owner, URI url);
}
