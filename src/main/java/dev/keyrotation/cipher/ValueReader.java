package dev.keyrotation.cipher;

import java.util.List;

/** Reads stored strings with the keys at hand. */
public final class ValueReader {
  private final List<EncryptionKey> keys;
  private final int layer;

  /** Tries {@code keys} in this order. */
  public ValueReader(EncryptionKey... keys) {
    this(0, keys);
  }

  ValueReader(int layer, EncryptionKey... keys) {
    this.layer = layer;
    this.keys = List.of(keys);
  }

  /**
   * What {@code text} is. Only a successful authentication makes it {@link Reading.Opened}; all
   * else is said by its form, see docs/values.md.
   */
  public Reading read(String text) {
    return switch (StoredText.parse(text)) {
      case StoredText.Empty() -> new Reading.Empty();
      case StoredText.Plain() -> new Reading.Plaintext();
      case StoredText.Broken() -> new Reading.Unreadable(true);
      case StoredText.UnknownFormat(String format) -> new Reading.UnknownFormat(format);
      case StoredText.Candidate candidate -> open(candidate);
    };
  }

  private Reading open(StoredText.Candidate candidate) {
    Envelope envelope = candidate.envelope();
    for (EncryptionKey key : keys) {
      byte[] plaintext = key.open(envelope);
      if (plaintext != null) {
        return new Reading.Opened(key, envelope, plaintext, layer);
      }
    }
    return switch (candidate.disguise()) {
      case MARKED -> new Reading.Unreadable(true);
      case LOOKS_SEALED -> new Reading.Unreadable(false);
      case ORDINARY -> new Reading.Plaintext();
    };
  }
}
