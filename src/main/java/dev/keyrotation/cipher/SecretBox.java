package dev.keyrotation.cipher;

import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Arrays;
import org.bouncycastle.crypto.engines.XSalsa20Engine;
import org.bouncycastle.crypto.macs.Poly1305;
import org.bouncycastle.crypto.params.KeyParameter;
import org.bouncycastle.crypto.params.ParametersWithIV;
import org.jspecify.annotations.Nullable;

/**
 * NaCl's {@code crypto_secretbox}, made of BouncyCastle's XSalsa20 and Poly1305: the first 32 bytes
 * of the key stream are the one-time key of the tag, the message is encrypted with what follows.
 */
final class SecretBox {
  private static final int NONCE = 24;
  private static final int TAG = 16;
  private static final int ONE_TIME_KEY = 32;

  private SecretBox() {}

  static byte[] seal(byte[] key, byte[] message, SecureRandom random) {
    byte[] sealed = new byte[NONCE + TAG + message.length];
    byte[] nonce = new byte[NONCE];
    random.nextBytes(nonce);
    System.arraycopy(nonce, 0, sealed, 0, NONCE);
    XSalsa20Engine stream = stream(key, nonce);
    byte[] oneTimeKey = oneTimeKey(stream);
    stream.processBytes(message, 0, message.length, sealed, NONCE + TAG);
    tag(oneTimeKey, sealed, sealed, NONCE);
    return sealed;
  }

  /** The message, or null when {@code sealed} was not sealed under {@code key}. */
  static byte @Nullable [] open(byte[] key, byte[] sealed) {
    if (sealed.length < NONCE + TAG) {
      return null;
    }
    XSalsa20Engine stream = stream(key, Arrays.copyOf(sealed, NONCE));
    byte[] expected = new byte[TAG];
    tag(oneTimeKey(stream), sealed, expected, 0);
    if (!MessageDigest.isEqual(expected, Arrays.copyOfRange(sealed, NONCE, NONCE + TAG))) {
      return null;
    }
    byte[] message = new byte[sealed.length - NONCE - TAG];
    stream.processBytes(sealed, NONCE + TAG, message.length, message, 0);
    return message;
  }

  private static XSalsa20Engine stream(byte[] key, byte[] nonce) {
    XSalsa20Engine stream = new XSalsa20Engine();
    stream.init(true, new ParametersWithIV(new KeyParameter(key), nonce));
    return stream;
  }

  private static byte[] oneTimeKey(XSalsa20Engine stream) {
    byte[] oneTimeKey = new byte[ONE_TIME_KEY];
    stream.processBytes(new byte[ONE_TIME_KEY], 0, ONE_TIME_KEY, oneTimeKey, 0);
    return oneTimeKey;
  }

  private static void tag(byte[] oneTimeKey, byte[] sealed, byte[] out, int offset) {
    Poly1305 mac = new Poly1305();
    mac.init(new KeyParameter(oneTimeKey));
    mac.update(sealed, NONCE + TAG, sealed.length - NONCE - TAG);
    mac.doFinal(out, offset);
  }
}
