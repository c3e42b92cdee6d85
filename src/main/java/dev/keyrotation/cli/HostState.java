package dev.keyrotation.cli;

import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.KeyRotationStatus;
import dev.keyrotation.engine.Freshness;
import java.util.Objects;
import java.util.Optional;

/** The state of one host while this process holds its lock. */
final class HostState implements Freshness {
  private final StateDirectory directory;
  private final StateLock lock;
  private String known;

  HostState(StateDirectory directory, StateLock lock) {
    this.directory = directory;
    this.lock = lock;
    this.known = directory.content().orElse("");
  }

  /** Whether nobody else has written the state, and the lock is still ours. */
  @Override
  public boolean isCurrent(KeyRotation primary) {
    return lock.isHeld() && directory.content().orElse("").equals(known);
  }

  Optional<KeyRotation> read() {
    return directory.read();
  }

  void write(KeyRotation resource) {
    known = directory.write(resource);
  }

  /** Writes the status when it changed, and returns the resource with it. */
  KeyRotation write(KeyRotation resource, KeyRotationStatus status) {
    if (Objects.equals(resource.getStatus(), status)) {
      return resource;
    }
    KeyRotation next = Resources.withStatus(resource, status);
    write(next);
    return next;
  }
}
