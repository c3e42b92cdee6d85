package dev.keyrotation.cipher;

import static org.assertj.core.api.Assertions.assertThat;

import dev.keyrotation.key.KeyMaterial;
import java.nio.charset.StandardCharsets;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tag;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;

/** What LiteLLM's own code says of the same value, for generated keys, plaintexts and damages. */
@Tag("litellm")
class LiteLlmDifferentialTest {
  @SuppressWarnings("NullAway.Init")
  private static LiteLlmProcess liteLlm;

  @BeforeContainer
  static void start() {
    liteLlm = new LiteLlmProcess("1.108.4");
  }

  @AfterContainer
  static void stop() {
    liteLlm.close();
  }

  @Property(tries = 400)
  void bothReadWhatTheOtherSeals(
      @ForAll("keys") String from,
      @ForAll("keys") String to,
      @ForAll("texts") String plaintext,
      @ForAll("formats") CipherFormat format) {
    String sealed = liteLlm.seal(from, plaintext, format);

    Reading reading = reader(from).read(sealed);

    assertThat(reading)
        .isInstanceOfSatisfying(
            Reading.Opened.class, opened -> assertThat(opened.holds(plaintext)).isTrue());
    String resealed = ((Reading.Opened) reading).reseal(new EncryptionKey(KeyMaterial.of(to)));
    assertThat(liteLlm.open(to, resealed)).isEqualTo(plaintext);
    if (!to.equals(from)) {
      assertThat(liteLlm.open(from, resealed)).isNull();
    }
  }

  /** LiteLLM decodes generously; whatever it still opens, is opened here, and nothing else. */
  @Property(tries = 2000)
  void opensADamagedValueIfLiteLlmDoes(
      @ForAll("keys") String key,
      @ForAll("texts") String plaintext,
      @ForAll("formats") CipherFormat format,
      @ForAll @IntRange(max = 1_000_000) int place,
      @ForAll("pieces") String piece,
      @ForAll @IntRange(max = 2) int replaced) {
    String sealed = liteLlm.seal(key, plaintext, format);
    int at = place % (sealed.length() + 1);
    String damaged =
        sealed.substring(0, at)
            + piece
            + sealed.substring(Math.min(sealed.length(), at + replaced));

    String theirs = liteLlm.open(key, damaged);
    Reading ours = reader(key).read(damaged);

    // Whatever decodes to no bytes at all is an empty secret to LiteLLM, under any key.
    if (theirs != null && !theirs.isEmpty()) {
      assertThat(ours)
          .isInstanceOfSatisfying(
              Reading.Opened.class, opened -> assertThat(opened.holds(theirs)).isTrue());
    }
    if (ours instanceof Reading.Opened opened) {
      assertThat(opened.holds(plaintext)).isTrue();
    }
  }

  private static ValueReader reader(String key) {
    return new ValueReader(new EncryptionKey(KeyMaterial.of(key)));
  }

  @Provide
  Arbitrary<CipherFormat> formats() {
    // What the released versions write.
    return Arbitraries.of(CipherFormat.SECRETBOX, CipherFormat.V2_GCM);
  }

  /** An environment variable holds any of these. */
  @Provide
  Arbitrary<String> keys() {
    return texts().filter(key -> key.indexOf('\0') < 0);
  }

  @Provide
  Arbitrary<String> texts() {
    return Arbitraries.strings()
        .ofMaxLength(100)
        .filter(text -> StandardCharsets.UTF_8.newEncoder().canEncode(text));
  }

  /**
   * No stray {@code -} or {@code _}: where one makes the length wrong, LiteLLM passes over it as a
   * last resort. No writer leaves such a value.
   */
  @Provide
  Arbitrary<String> pieces() {
    return Arbitraries.strings().withChars("=+/Az09 \n\r\t:*é").ofMaxLength(3);
  }
}
