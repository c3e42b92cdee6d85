package dev.keyrotation.cipher;

import static org.assertj.core.api.Assertions.assertThat;

import dev.keyrotation.cipher.GeneratedValue.Value;
import dev.keyrotation.key.KeyMaterial;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.jspecify.annotations.Nullable;

/**
 * Any stored value: any JSON, deeper than the 100 levels at which LiteLLM ends, in any way of
 * writing it, strings within strings included. What is not a ciphertext of the key stays to the
 * character.
 */
class StoredValuePropertiesTest {
  private final EncryptionKey from = new EncryptionKey(KeyMaterial.of("sk-from"));
  private final EncryptionKey to = new EncryptionKey(KeyMaterial.of("sk-to"));
  private final EncryptionKey lost = new EncryptionKey(KeyMaterial.of("sk-lost"));

  @Property(tries = 1000)
  void onlyCiphertextChangesThereAndBack(
      @ForAll long seed, @ForAll @IntRange(max = 150) int depth) {
    Value value = GeneratedValue.of(seed, depth, sealer(from));

    String there = change(value.before(), from, to);
    if (value.plaintexts().isEmpty()) {
      assertThat(there).isNull();
      return;
    }
    assertThat(there).isNotNull();
    assertThat(opened(there, value, to)).isEqualTo(value.plaintexts());
    assertThat(change(there, from, to)).isNull();

    String back = change(there, to, from);
    assertThat(back).isNotNull();
    assertThat(opened(back, value, from)).isEqualTo(value.plaintexts());
  }

  @Property(tries = 300)
  void whatNoKeyOpensStays(@ForAll long seed, @ForAll @IntRange(max = 20) int depth) {
    // Now one, now the other.
    AtomicInteger count = new AtomicInteger();
    Value value =
        GeneratedValue.of(
            seed,
            depth,
            text -> sealer(count.getAndIncrement() % 2 == 0 ? lost : from).apply(text));

    String there = change(value.before(), from, to);

    if (count.get() < 2) {
      assertThat(there).isNull();
      return;
    }
    assertThat(there).isNotNull();
    List<String> before = ciphertexts(value.before(), value.parts());
    List<String> after = ciphertexts(there, value.parts());
    for (int i = 0; i < before.size(); i++) {
      assertThat(after.get(i).equals(before.get(i))).isEqualTo(i % 2 == 0);
    }
  }

  /**
   * Cut or changed anywhere, a value is still read without a fault, and what opens is authentic.
   */
  @Property(tries = 500)
  void aDamagedValueIsReadWithoutAFault(
      @ForAll long seed, @ForAll @IntRange(max = 5) int depth, @ForAll char instead) {
    Value value = GeneratedValue.of(seed, depth, sealer(from));
    int at = (int) Math.floorMod(seed, (long) value.before().length());

    for (String damaged :
        List.of(
            value.before().substring(0, at),
            value.before().substring(at),
            value.before().substring(0, at) + instead + value.before().substring(at + 1))) {
      String there = change(damaged, from, to);
      assertThat(there == null ? null : change(there, from, to)).isNull();
    }
  }

  private static java.util.function.Function<String, String> sealer(EncryptionKey key) {
    return plaintext -> {
      CipherFormat format = CipherFormat.values()[Math.floorMod(plaintext.hashCode(), 3)];
      return key.seal(
              plaintext.getBytes(StandardCharsets.UTF_8),
              new Envelope(
                  plaintext.length() % 2 == 0, format, Base64Alphabet.URL_SAFE, new byte[0]))
          .text();
    };
  }

  private static @Nullable String change(String text, EncryptionKey from, EncryptionKey to) {
    ValueReader reader = new ValueReader(from);
    return StoredValue.transform(
        text, leaf -> reader.read(leaf) instanceof Reading.Opened o ? o.reseal(to) : null);
  }

  private static List<String> opened(String text, Value value, EncryptionKey key) {
    return ciphertexts(text, value.parts()).stream()
        .map(
            ciphertext ->
                StoredText.parse(ciphertext) instanceof StoredText.Candidate candidate
                        && key.open(candidate.envelope()) instanceof byte[] plain
                    ? new String(plain, StandardCharsets.UTF_8)
                    : "does not open: " + ciphertext)
        .toList();
  }

  /** What stands in the gaps; fails when anything around them is not as it was. */
  private static List<String> ciphertexts(String text, List<String> parts) {
    List<String> found = new ArrayList<>();
    int at = 0;
    for (int i = 0; i < parts.size(); i++) {
      String part = parts.get(i);
      assertThat(text.startsWith(part, at))
          .withFailMessage("at %s there was <%s>, now it is <%s>", at, part, text)
          .isTrue();
      at += part.length();
      int start = at;
      while (i + 1 < parts.size() && isOfCiphertext(text.charAt(at))) {
        at++;
      }
      if (i + 1 < parts.size()) {
        found.add(text.substring(start, at));
      }
    }
    assertThat(at).isEqualTo(text.length());
    return found;
  }

  private static boolean isOfCiphertext(char c) {
    return (c >= 'A' && c <= 'Z')
        || (c >= 'a' && c <= 'z')
        || (c >= '0' && c <= '9')
        || "+/=-_:".indexOf(c) >= 0;
  }
}
