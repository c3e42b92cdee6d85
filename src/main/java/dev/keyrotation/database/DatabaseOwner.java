package dev.keyrotation.database;

import dev.keyrotation.api.v1alpha1.KeyRotation;

/** How a KeyRotation signs in a database. */
public final class DatabaseOwner {
  private DatabaseOwner() {}

  /** {@code namespace/name}. */
  public static String of(KeyRotation primary) {
    return primary.getMetadata().getNamespace() + "/" + primary.getMetadata().getName();
  }
}
