package dev.keyrotation.cipher;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.keyrotation.key.KeyMaterial;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** LiteLLM's own ciphertexts decide. */
class LiteLlmVectorsTest {
  private static final EncryptionKey OTHER =
      new EncryptionKey(KeyMaterial.of("sk-some-other-key-altogether"));

  static List<Vectors.Vector> ciphertexts() {
    return Vectors.ciphertexts();
  }

  static Stream<String> notCiphertexts() {
    return Vectors.notCiphertextsOfTheseKeys().stream();
  }

  static List<JsonNode> tokenHashes() {
    return Vectors.tokenHashes();
  }

  @ParameterizedTest
  @MethodSource("ciphertexts")
  void opensWhatLiteLlmSealed(Vectors.Vector vector) {
    Reading reading = new ValueReader(vector.encryptionKey()).read(vector.ciphertext());

    assertThat(reading)
        .isInstanceOfSatisfying(
            Reading.Opened.class, opened -> assertThat(opened.holds(vector.plaintext())).isTrue());
  }

  @ParameterizedTest
  @MethodSource("ciphertexts")
  void takesItToAnotherKeyInItsOwnFormatAndAlphabet(Vectors.Vector vector) {
    var opened = (Reading.Opened) new ValueReader(vector.encryptionKey()).read(vector.ciphertext());

    String resealed = opened.reseal(OTHER);

    assertThat(new ValueReader(OTHER).read(resealed))
        .isInstanceOfSatisfying(
            Reading.Opened.class,
            again -> {
              assertThat(again.holds(vector.plaintext())).isTrue();
              assertThat(again.format()).isEqualTo(opened.format());
            });
    assertThat(new ValueReader(vector.encryptionKey()).read(resealed))
        .isNotInstanceOf(Reading.Opened.class);
    assertThat(foreignDigits(resealed, vector)).isEmpty();
    assertThat(resealed).hasSameSizeAs(vector.ciphertext());
  }

  /** Digits of {@code resealed} that are not of the alphabet that it should be in. */
  private static Set<Character> foreignDigits(String resealed, Vectors.Vector vector) {
    // A secretbox without any of the four digits does not tell its alphabet.
    boolean told =
        !vector.format().equals("secretbox")
            || vector.ciphertext().chars().anyMatch(c -> "-_+/".indexOf(c) >= 0);
    String foreign = told && vector.alphabet().equals("urlsafe") ? "+/" : "-_";
    return resealed
        .chars()
        .mapToObj(c -> (char) c)
        .filter(c -> foreign.indexOf(c) >= 0)
        .collect(Collectors.toSet());
  }

  @ParameterizedTest
  @MethodSource("ciphertexts")
  void noOtherKeyOpensIt(Vectors.Vector vector) {
    assertThat(new ValueReader(OTHER).read(vector.ciphertext()))
        .isEqualTo(new Reading.Unreadable(!vector.format().equals("secretbox")));
  }

  @ParameterizedTest
  @MethodSource("ciphertexts")
  void opensItBehindTheCallbackMarkerAndKeepsTheMarker(Vectors.Vector vector) {
    var reader = new ValueReader(vector.encryptionKey());
    String marked = Envelope.MARKER + vector.ciphertext();

    String resealed = ((Reading.Opened) reader.read(marked)).reseal(OTHER);

    assertThat(resealed).startsWith(Envelope.MARKER).isNotEqualTo(marked);
    assertThat(new ValueReader(OTHER).read(resealed))
        .isInstanceOfSatisfying(
            Reading.Opened.class, again -> assertThat(again.holds(vector.plaintext())).isTrue());
  }

  @ParameterizedTest
  @MethodSource("ciphertexts")
  void aChangedByteMakesItUnreadable(Vectors.Vector vector) {
    String text = vector.ciphertext();
    int at = text.length() - 8;
    String damaged =
        text.substring(0, at) + (text.charAt(at) == 'A' ? 'B' : 'A') + text.substring(at + 1);

    assertThat(new ValueReader(vector.encryptionKey()).read(damaged))
        .isInstanceOf(Reading.Unreadable.class);
  }

  @ParameterizedTest
  @MethodSource("notCiphertexts")
  void opensNothingThatLiteLlmDoesNotOpen(String text) {
    var keys =
        Vectors.ciphertexts().stream()
            .map(Vectors.Vector::key)
            .distinct()
            .map(key -> new EncryptionKey(KeyMaterial.of(key)))
            .toArray(EncryptionKey[]::new);

    assertThat(new ValueReader(keys).read(text)).isNotInstanceOf(Reading.Opened.class);
  }

  @ParameterizedTest
  @MethodSource("tokenHashes")
  void hashesTokensAsLiteLlmDoes(JsonNode vector) {
    assertThat(KeyMaterial.of(vector.get("key").asText()).tokenHash())
        .isEqualTo(vector.get("sha256").asText());
  }

  @ParameterizedTest
  @CsvSource({
    "AAECAwQFBgcICQoLDA0ODxAREhMUFRYX9KgpF+4z1H0x8t+apHB33iYeh0FYdV8/eKryhU11Cg==",
    "v2:gcm:AAECAwQFBgcICQoLx0uAEFIDbANDNQNZMs6a_rXl9wLDozXmzk15X8QyTA==",
    "v3:gcm:AAECAwQFBgcICQoLkqjS-05L7rQw3YjnwIno5Ee8cQeunNyqsLzucc9NMA=="
  })
  void opensTheFixedVectors(String ciphertext) {
    var key = new EncryptionKey(KeyMaterial.of("sk-rotator-test-salt"));

    assertThat(new ValueReader(key).read(ciphertext))
        .isInstanceOfSatisfying(
            Reading.Opened.class, opened -> assertThat(opened.holds("sk-provider-key")).isTrue());
  }

  @Test
  void hasAllVectors() {
    assertThat(Vectors.ciphertexts()).hasSize(160);
  }
}
