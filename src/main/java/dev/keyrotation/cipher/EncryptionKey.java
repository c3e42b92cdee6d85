package dev.keyrotation.cipher;

import dev.keyrotation.key.KeyMaterial;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import javax.crypto.KDF;
import javax.crypto.SecretKey;
import javax.crypto.spec.HKDFParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/** The key that encrypts stored values, ready for use in every format. Prints nothing of itself. */
public final class EncryptionKey {
  private static final byte[] V3_INFO = "litellm-at-rest-v3".getBytes(StandardCharsets.UTF_8);
  private static final int KEY_BYTES = 32;

  private final byte[] digest;
  private final SecretKey v2;
  private final SecretKey v3;
  private final SecureRandom random = new SecureRandom();

  public EncryptionKey(KeyMaterial key) {
    try {
      digest = MessageDigest.getInstance("SHA-256").digest(key.utf8());
      v2 = new SecretKeySpec(digest, "AES");
      v3 = hkdf(key.utf8());
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every Java runtime has SHA-256 and HKDF", e);
    }
  }

  private static SecretKey hkdf(byte[] key) throws GeneralSecurityException {
    var parameters = HKDFParameterSpec.ofExtract();
    if (key.length > 0) {
      parameters.addIKM(key);
    }
    return KDF.getInstance("HKDF-SHA256")
        .deriveKey("AES", parameters.thenExpand(V3_INFO, KEY_BYTES));
  }

  /** The plaintext, or null when the envelope was not sealed under this key. */
  byte @Nullable [] open(Envelope envelope) {
    return switch (envelope.format()) {
      case SECRETBOX -> SecretBox.open(digest, envelope.sealed());
      case V2_GCM -> AesGcm.open(v2, envelope.sealed());
      case V3_GCM -> AesGcm.open(v3, envelope.sealed());
    };
  }

  /** Seals in the form of {@code like}: its format, alphabet and mark, with a new nonce. */
  Envelope seal(byte[] plaintext, Envelope like) {
    byte[] sealed =
        switch (like.format()) {
          case SECRETBOX -> SecretBox.seal(digest, plaintext, random);
          case V2_GCM -> AesGcm.seal(v2, plaintext, random);
          case V3_GCM -> AesGcm.seal(v3, plaintext, random);
        };
    return like.with(sealed);
  }

  @Override
  public String toString() {
    return "EncryptionKey[redacted]";
  }
}
