package dev.keyrotation.key;

import io.fabric8.kubernetes.api.model.Secret;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Map;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** The entries of a Secret as text. */
final class SecretData {
  private final Map<String, String> encoded;

  private SecretData(Map<String, String> encoded) {
    this.encoded = encoded;
  }

  static SecretData of(Secret secret) {
    Map<String, String> data = secret.getData();
    return new SecretData(data == null ? Map.of() : data);
  }

  /** A value as it stands in {@code data}. */
  static String encode(KeyMaterial key) {
    return Base64.getEncoder().encodeToString(key.utf8());
  }

  boolean has(String entry) {
    return encoded.containsKey(entry);
  }

  /**
   * The text of an entry, byte for byte; null when there is no such entry.
   *
   * @throws NotText when it is no UTF-8: an environment variable cannot carry it
   */
  @Nullable String text(String entry) throws NotText {
    if (!has(entry)) {
      return null;
    }
    String value = encoded.get(entry);
    try {
      byte[] bytes = value == null ? new byte[0] : Base64.getDecoder().decode(value);
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException | IllegalArgumentException e) {
      throw new NotText();
    }
  }

  /** Like {@link #text}, as a key. */
  @Nullable KeyMaterial key(String entry) throws NotText {
    String text = text(entry);
    return text == null ? null : KeyMaterial.of(text);
  }

  /** The names of all entries, for messages. */
  String names() {
    return encoded.isEmpty() ? "none" : String.join(", ", new TreeSet<>(encoded.keySet()));
  }

  /** Names only. */
  @Override
  public String toString() {
    return "SecretData[" + names() + "]";
  }

  /** An entry that is no text. Without a cause: it would quote the bytes. */
  static final class NotText extends Exception {
    private static final long serialVersionUID = 1;

    NotText() {
      super("no UTF-8 text");
    }
  }
}
