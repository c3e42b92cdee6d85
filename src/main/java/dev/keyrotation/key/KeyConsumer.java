package dev.keyrotation.key;

import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.failure.RotationException;
import dev.keyrotation.key.KeyStore.Consumer;
import java.util.function.BooleanSupplier;

/**
 * A kind of place from which running instances read their keys: a Secret, or environment files on
 * hosts. All methods throw {@link RotationException} when it cannot be reached or refuses.
 */
public interface KeyConsumer {

  /** Whether the KeyRotation has places of this kind at all. */
  boolean isUsedBy(KeyRotation owner);

  /** What people call its places in messages, for example {@code Secret ai/litellm-keys}. Pure. */
  String where(KeyRotation owner);

  /**
   * Marks the places with the epoch of {@code owner}'s status, so that writes of earlier epochs
   * fail. Does nothing where there is no place.
   *
   * @param current reads live whether that epoch is still the stored one; asked before a write
   * @throws dev.keyrotation.failure.SupersededException when it is not; {@link #publish} throws it
   *     when a place carries another epoch
   */
  void claim(KeyRotation owner, BooleanSupplier current);

  /** Reads the places, live; usable only when all of them hold the same keys. */
  Consumer consumer(KeyRotation owner);

  /**
   * Writes the keys, the copies of the master key and the stamp into the first place that does not
   * hold them yet; everything else in it is left alone. A salt key is written only when {@code
   * keys.salt()} is set, and removed when it is not.
   */
  void publish(KeyRotation owner, KeySet keys, String stamp);

  /**
   * Removes what publishing in a rotation left beside the places. Does nothing when there is none.
   */
  void forget(KeyRotation owner, String rotationId);
}
