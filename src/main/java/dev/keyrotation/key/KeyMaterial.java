package dev.keyrotation.key;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/**
 * The value of a key. It prints as {@code KeyMaterial[redacted]}, has no getter that a serialiser
 * would find, and compares in constant time; {@link #reveal()} is the one way out and stands only
 * where the value must leave.
 */
public final class KeyMaterial {
  private static final String FINGERPRINT_CONTEXT = "keyrotation.dev/fingerprint/v1\0";
  private static final int GENERATED_BYTES = 32;

  private final String value;

  private KeyMaterial(String value) {
    this.value = value;
  }

  /** Wraps a value as it was found. */
  public static KeyMaterial of(String value) {
    return new KeyMaterial(value);
  }

  /**
   * A new key: {@code sk-} and 32 random bytes in base64url without padding. LiteLLM hashes a
   * bearer for the database look-up only when it starts with {@code sk-}; the alphabet is safe in
   * headers, env files, YAML and shells.
   */
  public static KeyMaterial generate(SecureRandom random) {
    byte[] bytes = new byte[GENERATED_BYTES];
    random.nextBytes(bytes);
    return new KeyMaterial("sk-" + Base64.getUrlEncoder().withoutPadding().encodeToString(bytes));
  }

  /** The value itself. */
  public String reveal() {
    return value;
  }

  /** The value as UTF-8, as LiteLLM hashes it. */
  public byte[] utf8() {
    return value.getBytes(StandardCharsets.UTF_8);
  }

  /**
   * Lower-case hex SHA-256, LiteLLM's {@code hash_token}: the primary key of its token table.
   * Sensitive.
   */
  public String tokenHash() {
    return HexFormat.of().formatHex(sha256(utf8()));
  }

  /**
   * Tells keys apart for people: 12 hex digits of a hash in a context of its own, so that it is no
   * part of {@link #tokenHash()} nor of an encryption key, and too short to be searched for.
   */
  public String fingerprint() {
    return HexFormat.of()
        .formatHex(sha256((FINGERPRINT_CONTEXT + value).getBytes(StandardCharsets.UTF_8)))
        .substring(0, 12);
  }

  /**
   * Lower-case hex SHA-256 of nonce, space, value and line feed: shows to who knows the key, and to
   * nobody else, whether another machine holds the same.
   *
   * @param nonce random, used once
   */
  public String digest(String nonce) {
    return HexFormat.of()
        .formatHex(sha256((nonce + " " + value + "\n").getBytes(StandardCharsets.UTF_8)));
  }

  private static byte[] sha256(byte[] input) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(input);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java runtime has SHA-256", e);
    }
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof KeyMaterial key && MessageDigest.isEqual(utf8(), key.utf8());
  }

  @Override
  public int hashCode() {
    return value.hashCode();
  }

  @Override
  public String toString() {
    return "KeyMaterial[redacted]";
  }
}
