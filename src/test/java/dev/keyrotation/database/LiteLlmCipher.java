package dev.keyrotation.database;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.keyrotation.key.KeyMaterial;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Base64;
import java.util.Optional;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * LiteLLM's {@code v2:gcm:} written down a second time, so that what the code under test stores is
 * judged by other code. The end-to-end tests have LiteLLM's own judge all formats.
 */
final class LiteLlmCipher {
  private static final String MARK = "v2:gcm:";

  private LiteLlmCipher() {}

  static String seal(KeyMaterial key, String plaintext) {
    try {
      byte[] nonce = new byte[12];
      new SecureRandom().nextBytes(nonce);
      byte[] box = cipher(Cipher.ENCRYPT_MODE, key, nonce).doFinal(plaintext.getBytes(UTF_8));
      byte[] sealed = Arrays.copyOf(nonce, nonce.length + box.length);
      System.arraycopy(box, 0, sealed, nonce.length, box.length);
      return MARK + Base64.getUrlEncoder().encodeToString(sealed);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  static Optional<String> open(KeyMaterial key, String stored) {
    if (!stored.startsWith(MARK)) {
      return Optional.empty();
    }
    byte[] sealed = Base64.getUrlDecoder().decode(stored.substring(MARK.length()));
    try {
      byte[] nonce = Arrays.copyOf(sealed, 12);
      return Optional.of(
          new String(
              cipher(Cipher.DECRYPT_MODE, key, nonce).doFinal(sealed, 12, sealed.length - 12),
              UTF_8));
    } catch (GeneralSecurityException e) {
      return Optional.empty();
    }
  }

  private static Cipher cipher(int mode, KeyMaterial key, byte[] nonce)
      throws GeneralSecurityException {
    byte[] digest = MessageDigest.getInstance("SHA-256").digest(key.utf8());
    Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
    cipher.init(mode, new SecretKeySpec(digest, "AES"), new GCMParameterSpec(128, nonce));
    return cipher;
  }
}
