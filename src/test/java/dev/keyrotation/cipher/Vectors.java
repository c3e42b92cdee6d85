package dev.keyrotation.cipher;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.keyrotation.key.KeyMaterial;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.stream.StreamSupport;

/** Ciphertexts made by LiteLLM's own code, with what they hold. */
public final class Vectors {
  private static final JsonNode ROOT = load();

  private Vectors() {}

  /** One ciphertext and the key and plaintext that LiteLLM made it of. */
  public record Vector(
      String format, String alphabet, String key, String plaintext, String ciphertext) {
    EncryptionKey encryptionKey() {
      return new EncryptionKey(KeyMaterial.of(key));
    }

    @Override
    public String toString() {
      return format + " " + alphabet + " of " + plaintext.length() + " characters";
    }
  }

  public static List<Vector> ciphertexts() {
    return stream(ROOT.get("ciphertexts"))
        .map(
            node ->
                new Vector(
                    node.get("format").asText(),
                    node.get("alphabet").asText(),
                    node.get("key").asText(),
                    node.get("plaintext").asText(),
                    node.get("ciphertext").asText()))
        .toList();
  }

  public static List<String> notCiphertextsOfTheseKeys() {
    return stream(ROOT.get("decrypt_to_nothing_under_any_key")).map(JsonNode::asText).toList();
  }

  public static List<JsonNode> tokenHashes() {
    return stream(ROOT.get("token_hashes")).toList();
  }

  private static java.util.stream.Stream<JsonNode> stream(JsonNode array) {
    return StreamSupport.stream(array.spliterator(), false);
  }

  private static JsonNode load() {
    try (InputStream in = Vectors.class.getResourceAsStream("/vectors/ciphertexts.json")) {
      return new ObjectMapper().readTree(in);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
