package dev.keyrotation.cipher;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** What a stored string turned out to be. */
public sealed interface Reading {

  /** Nothing stands there. */
  record Empty() implements Reading {}

  /** No ciphertext. It is left as it is. */
  record Plaintext() implements Reading {}

  /**
   * It looks like a ciphertext, and no key at hand opens it.
   *
   * @param marked true when it carries a mark that only ciphertexts carry; false when it merely has
   *     the shape of LiteLLM's unmarked format, which other things can have too
   */
  record Unreadable(boolean marked) implements Reading {}

  /** It carries the mark of a format that this version does not know. */
  record UnknownFormat(String format) implements Reading {}

  /** A key opened it. */
  final class Opened implements Reading {
    /** LiteLLM itself never wraps twice; its faults did. A bound against endless work. */
    private static final int MOST_LAYERS = 8;

    private final EncryptionKey by;
    private final Envelope envelope;
    private final byte[] plaintext;
    private final int layer;

    Opened(EncryptionKey by, Envelope envelope, byte[] plaintext, int layer) {
      this.by = by;
      this.envelope = envelope;
      this.plaintext = plaintext;
      this.layer = layer;
    }

    /** The key that opened it. */
    public EncryptionKey by() {
      return by;
    }

    /** The format that it is stored in. */
    public CipherFormat format() {
      return envelope.format();
    }

    /**
     * The same plaintext under another key: same format, alphabet and marker. The result has been
     * opened again and compared before it is returned. Ciphertext within the plaintext that the
     * same old key opens goes along: LiteLLM's faults have wrapped values twice, and what took two
     * steps to read before must take the same two afterwards.
     */
    public String reseal(EncryptionKey to) {
      byte[] content = plaintext;
      String text = utf8(plaintext);
      if (text != null && layer < MOST_LAYERS) {
        ValueReader inner = new ValueReader(layer + 1, by);
        String changed =
            StoredValue.transform(
                text, leaf -> inner.read(leaf) instanceof Opened o ? o.reseal(to) : null);
        content = changed == null ? plaintext : changed.getBytes(StandardCharsets.UTF_8);
      }
      String sealed = to.seal(content, envelope).text();
      if (!(StoredText.parse(sealed) instanceof StoredText.Candidate candidate)
          || !opensTo(to, candidate.envelope(), content)) {
        throw new IllegalStateException("a value just sealed does not open to what was sealed");
      }
      return sealed;
    }

    private static boolean opensTo(EncryptionKey key, Envelope envelope, byte[] content) {
      byte[] opened = key.open(envelope);
      return opened != null && MessageDigest.isEqual(opened, content);
    }

    private static @Nullable String utf8(byte[] bytes) {
      try {
        return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
      } catch (CharacterCodingException e) {
        return null;
      }
    }

    /** For tests: whether the plaintext is {@code expected}. */
    boolean holds(String expected) {
      return Arrays.equals(plaintext, expected.getBytes(StandardCharsets.UTF_8));
    }

    @Override
    public String toString() {
      return "Opened[" + envelope.format() + "]";
    }
  }
}
