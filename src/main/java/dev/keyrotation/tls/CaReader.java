package dev.keyrotation.tls;

import dev.keyrotation.api.v1alpha1.CaSource;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.failure.RotationException;

/** Reads the certificates of authorities from where the spec says. */
@FunctionalInterface
public interface CaReader {
  /**
   * Their text, in PEM form as far as the reader knows.
   *
   * @param field where the spec names the source, for messages: {@code spec.database.tls.caFrom}
   * @throws RotationException when there is none or it cannot be read
   */
  String read(KeyRotation owner, CaSource source, String field);
}
