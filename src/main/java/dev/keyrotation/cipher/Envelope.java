package dev.keyrotation.cipher;

/** A ciphertext taken apart: what stands around the sealed bytes, and these. */
final class Envelope {
  /**
   * Stands before a ciphertext that lives among plaintext: callback secrets in the metadata of
   * keys, teams and users, guardrails, vector stores.
   */
  static final String MARKER = "litellm_enc::";

  private final boolean marked;
  private final CipherFormat format;
  private final Base64Alphabet alphabet;
  private final byte[] sealed;

  Envelope(boolean marked, CipherFormat format, Base64Alphabet alphabet, byte[] sealed) {
    this.marked = marked;
    this.format = format;
    this.alphabet = alphabet;
    this.sealed = sealed;
  }

  /** Whether {@link #MARKER} stands before it. */
  boolean marked() {
    return marked;
  }

  CipherFormat format() {
    return format;
  }

  byte[] sealed() {
    return sealed;
  }

  Envelope with(byte[] newSealed) {
    return new Envelope(marked, format, alphabet, newSealed);
  }

  /** The text as LiteLLM stores it. */
  String text() {
    return (marked ? MARKER : "") + format.mark() + alphabet.encode(sealed);
  }
}
