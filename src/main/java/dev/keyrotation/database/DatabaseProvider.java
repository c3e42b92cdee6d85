package dev.keyrotation.database;

import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.failure.RotationException;

/** Opens the database of a KeyRotation. */
public interface DatabaseProvider {
  /**
   * The database that {@code spec.database} names.
   *
   * @throws RotationException when the URL cannot be read or is no URL
   */
  RotationDatabase open(KeyRotation rotation);
}
