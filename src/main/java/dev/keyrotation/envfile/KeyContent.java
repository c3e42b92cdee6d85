package dev.keyrotation.envfile;

import dev.keyrotation.failure.RotationException;
import dev.keyrotation.key.KeyMaterial;
import dev.keyrotation.key.KeySet;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a file holds of a unit's keys. Pure and immutable: it is given the bytes. */
sealed interface KeyContent permits EnvironmentKeys, CredentialKey {

  /** What was found. */
  sealed interface Found {
    /**
     * Usable keys.
     *
     * @param master null when it is not in this kind of file
     * @param salt null when there is none in it
     * @param stale names of copies that do not hold the master key
     * @param warnings what should be known, as sentences
     */
    record Keys(
        @Nullable KeyMaterial master,
        @Nullable KeyMaterial salt,
        List<String> stale,
        List<String> warnings)
        implements Found {}

    /** No usable keys; who reads the file may make a difference. */
    record Unusable(String message, boolean disputed) implements Found {}
  }

  Found read();

  /** Whether it holds what {@code keys} wants in this file. */
  boolean holds(KeySet keys);

  /**
   * The same with other keys in it; copies of the master key too.
   *
   * @throws RotationException when it cannot be changed in that way
   */
  KeyContent with(KeySet keys);

  /** The same with the keys that {@code other}, an earlier or later content of this file, holds. */
  KeyContent withKeysOf(KeyContent other);

  /** Another content of the same file. */
  KeyContent of(byte[] content);

  byte[] bytes();

  /** The sentence about a present master key that LiteLLM never looks up; null when it does. */
  static @Nullable String unusualMaster(String where, String master) {
    return master.startsWith("sk-")
        ? null
        : where
            + ": the present master key does not begin with `sk-`. Restarted instances refuse it at"
            + " once, since LiteLLM looks up only such keys: clients have to switch with the"
            + " rotation.";
  }

  /** The sentence about an empty salt key. */
  static String emptySalt(String what) {
    return what
        + " is empty. LiteLLM takes that as the salt key, and anybody can open what it encrypts."
        + " Rotate Salt.";
  }

  /** Null when the bytes are no UTF-8. */
  static @Nullable String utf8(byte[] bytes) {
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      return null;
    }
  }
}
