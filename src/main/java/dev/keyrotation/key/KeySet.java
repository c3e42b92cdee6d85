package dev.keyrotation.key;

import dev.keyrotation.api.v1alpha1.KeyKind;
import org.jspecify.annotations.Nullable;

/** The keys of one revision. */
public record KeySet(KeyMaterial master, @Nullable KeyMaterial salt) {

  /**
   * The key that encrypts stored values: the salt key when it is set, also when empty, else the
   * master key.
   */
  public KeyMaterial encryption() {
    return salt == null ? master : salt;
  }

  /** Which of the two {@link #encryption()} is. */
  public KeyKind encryptionKind() {
    return salt == null ? KeyKind.MASTER : KeyKind.SALT;
  }
}
