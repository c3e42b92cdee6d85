package dev.keyrotation.cipher;

/**
 * The formats that LiteLLM stores a value in. A value is always written back in the format that it
 * was found in: older releases read only the oldest one, and a roll back to such a release must
 * still read the data.
 */
public enum CipherFormat {
  /**
   * NaCl secretbox (XSalsa20-Poly1305): {@code nonce(24) || tag(16) || ciphertext}, key SHA-256 of
   * the encryption key, base64 in either alphabet, no mark. Every release reads it.
   */
  SECRETBOX("", 24 + 16),
  /**
   * AES-256-GCM without associated data: {@code nonce(12) || ciphertext || tag(16)}, key SHA-256 of
   * the encryption key, URL-safe base64 behind the mark.
   */
  V2_GCM("v2:gcm:", 12 + 16),
  /**
   * As {@link #V2_GCM}, with the key made by HKDF-SHA256: no salt, info {@code litellm-at-rest-v3}.
   */
  V3_GCM("v3:gcm:", 12 + 16);

  private final String mark;
  private final int overhead;

  CipherFormat(String mark, int overhead) {
    this.mark = mark;
    this.overhead = overhead;
  }

  /** What stands before the base64; empty for {@link #SECRETBOX}. */
  String mark() {
    return mark;
  }

  /** Bytes of nonce and tag; a value with fewer bytes is no ciphertext of this format. */
  int overhead() {
    return overhead;
  }
}
