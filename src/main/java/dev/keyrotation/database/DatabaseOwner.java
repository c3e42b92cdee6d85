package dev.keyrotation.database;

import dev.keyrotation.api.v1alpha1.Epoch;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.KeyRotationStatus;

/**
 * How a KeyRotation signs in a database.
 *
 * @param name {@code namespace/name}
 * @param epoch the epoch in which it acts; every write of an earlier one is refused
 */
public record DatabaseOwner(String name, Epoch epoch) {

  /** The signature of a KeyRotation in the epoch of its status. */
  public static DatabaseOwner of(KeyRotation primary) {
    KeyRotationStatus status = primary.getStatus();
    Epoch epoch = status == null ? null : status.epoch();
    return new DatabaseOwner(
        primary.getMetadata().getNamespace() + "/" + primary.getMetadata().getName(),
        epoch == null ? Epoch.NONE : epoch);
  }
}
