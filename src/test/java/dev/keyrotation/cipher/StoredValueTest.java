package dev.keyrotation.cipher;

import static org.assertj.core.api.Assertions.assertThat;

import dev.keyrotation.cipher.StoredValue.LeafChange;
import dev.keyrotation.key.KeyMaterial;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class StoredValueTest {
  private static final LeafChange SECRETS = leaf -> leaf.equals("old") ? "new" : null;

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '\u0001',
      value = {
        "old | new",
        "\"old\" | \"new\"",
        "{\"a\":\"old\"} | {\"a\":\"new\"}",
        "{\"b\":1.0,\"a\":\"old\",\"b\":2E+400} | {\"b\":1.0,\"a\":\"new\",\"b\":2E+400}",
        "[null,-0.0,true,[{\"a\":[\"old\",\"x\",\"old\"]}]] | [null,-0.0,true,[{\"a\":[\"new\",\"x\",\"new\"]}]]",
        "{\"old\":\"x\",\"k\":\"\\u006fld\"} | {\"old\":\"x\",\"k\":\"new\"}",
        "{\"a\":\"{\\\"b\\\": \\\"old\\\"}\"} | {\"a\":\"{\\\"b\\\": \\\"new\\\"}\"}",
        "{\"a\":\"\\\"old\\\"\"} | {\"a\":\"\\\"new\\\"\"}",
        "{\"a\": NaN, \"b\": \"old\"} | {\"a\": NaN, \"b\": \"new\"}",
      })
  void changesTheLeafAndNothingElse(String before, String after) {
    assertThat(StoredValue.transform(before, SECRETS)).isEqualTo(after);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "x",
        "1",
        "{",
        "{\"old\":1}",
        "{\"a\":\"ol\"}",
        "[\"old\"",
        "[\"old\"] tail",
        "{\"a\":\"old\"}{}",
        "\"x",
        "{not json} old"
      })
  void tellsThatNothingChanged(String text) {
    assertThat(StoredValue.transform(text, SECRETS)).isNull();
  }

  @Test
  void visitsEachLeafOnce() {
    var leaves = new java.util.ArrayList<String>();

    StoredValue.transform(
        "{\"a\":\"x\",\"b\":[\"[\\\"y\\\",\\\"z\\\"]\",\"\"]}",
        leaf -> {
          leaves.add(leaf);
          return null;
        });

    assertThat(leaves).containsExactly("x", "y", "z", "");
  }

  @Test
  void goesDeeperThanLiteLlm() {
    String before = "[".repeat(5_000) + "\"old\"" + "]".repeat(5_000);

    assertThat(StoredValue.transform(before, SECRETS)).isEqualTo(before.replace("old", "new"));
  }

  @Test
  void changesTextLongerThanAnyBuffer() {
    String filler = "ü\\n☃🔑".repeat(50_000);
    String before = "{\"f\":\"" + filler + "\",\"a\":\"old\",\"g\":\"" + filler + "\"}";

    assertThat(StoredValue.transform(before, SECRETS))
        .isEqualTo(before.replace("\"old\"", "\"new\""));
  }

  @Test
  void opensLevelsOfJsonInStrings() {
    String before = "\"old\"";
    for (int i = 0; i < 8; i++) {
      before = "{\"k\":" + quoted(before) + "}";
    }

    String after = StoredValue.transform(before, SECRETS);

    assertThat(after).isEqualTo(before.replace("old", "new"));
  }

  private static String quoted(String text) {
    return "\"" + text.replace("\\", "\\\\").replace("\"", "\\\"") + "\"";
  }

  @Test
  void takesBothLayersOfADoublyWrappedValueAlong() {
    var from = new EncryptionKey(KeyMaterial.of("sk-from"));
    var to = new EncryptionKey(KeyMaterial.of("sk-to"));
    Envelope form =
        new Envelope(false, CipherFormat.SECRETBOX, Base64Alphabet.URL_SAFE, new byte[0]);
    String inner = from.seal("secret".getBytes(StandardCharsets.UTF_8), form).text();
    String outer = from.seal(inner.getBytes(StandardCharsets.UTF_8), form).text();

    String resealed = ((Reading.Opened) new ValueReader(from).read(outer)).reseal(to);

    var once = to.open(((StoredText.Candidate) StoredText.parse(resealed)).envelope());
    assertThat(once).isNotNull();
    assertThat(new ValueReader(to).read(new String(once, StandardCharsets.UTF_8)))
        .isInstanceOfSatisfying(
            Reading.Opened.class, opened -> assertThat(opened.holds("secret")).isTrue());
  }
}
