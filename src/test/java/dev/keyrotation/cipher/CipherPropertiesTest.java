package dev.keyrotation.cipher;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.keyrotation.key.KeyMaterial;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicInteger;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.jspecify.annotations.Nullable;

/** Any text, any JSON, any format. */
class CipherPropertiesTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private final EncryptionKey from = new EncryptionKey(KeyMaterial.of("sk-from"));
  private final EncryptionKey to = new EncryptionKey(KeyMaterial.of(""));

  @Property(tries = 200)
  void whatIsSealedOpensToTheSame(
      @ForAll("unicode") String plaintext,
      @ForAll CipherFormat format,
      @ForAll Base64Alphabet alphabet,
      @ForAll boolean marked) {
    String text = sealed(plaintext, format, alphabet, marked);

    String resealed = ((Reading.Opened) new ValueReader(from).read(text)).reseal(to);

    assertThat(new ValueReader(to).read(resealed))
        .isInstanceOfSatisfying(
            Reading.Opened.class, opened -> assertThat(opened.holds(plaintext)).isTrue());
    assertThat(resealed.startsWith(Envelope.MARKER)).isEqualTo(marked);
  }

  /** There and back gives the same document, and every sealed leaf was counted. */
  @Property(tries = 150)
  void aDocumentComesBackAsItWas(@ForAll("documents") JsonNode document)
      throws JsonProcessingException {
    AtomicInteger leaves = new AtomicInteger();
    String stored = JSON.writeValueAsString(seal(document, leaves));

    String there = change(stored, from, to);
    String back = there == null ? null : change(there, to, from);

    if (leaves.get() == 0) {
      assertThat(there).isNull();
      return;
    }
    assertThat(there).isNotNull();
    assertThat(back).isNotNull();
    assertThat(opened(there, to)).isEqualTo(opened(stored, from));
    assertThat(opened(back, from)).isEqualTo(opened(stored, from));
    assertThat(change(there, from, to)).isNull();
  }

  @Property(tries = 1000)
  void anyTextIsReadWithoutAFault(@ForAll String text) {
    assertThat(StoredValue.transform(text, leaf -> null)).isNull();
    assertThat(new ValueReader(from).read(text)).isNotInstanceOf(Reading.Opened.class);
  }

  private static @Nullable String change(String text, EncryptionKey from, EncryptionKey to) {
    ValueReader reader = new ValueReader(from);
    return StoredValue.transform(
        text, leaf -> reader.read(leaf) instanceof Reading.Opened o ? o.reseal(to) : null);
  }

  /** The document with every sealed leaf replaced by its plaintext. */
  private static String opened(String text, EncryptionKey key) {
    String shown =
        StoredValue.transform(
            text,
            leaf ->
                StoredText.parse(leaf) instanceof StoredText.Candidate candidate
                        && key.open(candidate.envelope()) instanceof byte[] plain
                    ? "opened:" + new String(plain, StandardCharsets.UTF_8)
                    : null);
    return shown == null ? text : shown;
  }

  private String sealed(
      String plaintext, CipherFormat format, Base64Alphabet alphabet, boolean marked) {
    return from.seal(
            plaintext.getBytes(StandardCharsets.UTF_8),
            new Envelope(marked, format, alphabet, new byte[0]))
        .text();
  }

  /** Strings that begin with {@code !} become ciphertext, with {@code ?} JSON inside a string. */
  private JsonNode seal(JsonNode node, AtomicInteger leaves) throws JsonProcessingException {
    if (node instanceof ObjectNode object) {
      ObjectNode sealed = JsonNodeFactory.instance.objectNode();
      for (var field : object.properties()) {
        sealed.set(field.getKey(), seal(field.getValue(), leaves));
      }
      return sealed;
    }
    if (node instanceof ArrayNode array) {
      ArrayNode sealed = JsonNodeFactory.instance.arrayNode();
      for (JsonNode item : array) {
        sealed.add(seal(item, leaves));
      }
      return leaves.get() % 2 == 1 ? TextNode.valueOf(JSON.writeValueAsString(sealed)) : sealed;
    }
    if (node.isTextual() && node.asText().startsWith("!")) {
      CipherFormat format = CipherFormat.values()[leaves.getAndIncrement() % 3];
      return TextNode.valueOf(
          sealed(node.asText(), format, Base64Alphabet.URL_SAFE, leaves.get() % 4 == 0));
    }
    return node;
  }

  @Provide
  Arbitrary<String> unicode() {
    return Arbitraries.strings()
        .ofMaxLength(200)
        .filter(s -> StandardCharsets.UTF_8.newEncoder().canEncode(s));
  }

  @Provide
  Arbitrary<JsonNode> documents() {
    JsonNodeFactory make = JsonNodeFactory.instance;
    Arbitrary<JsonNode> leaf =
        Arbitraries.oneOf(
            unicode().map(make::textNode),
            unicode().map(s -> make.textNode("!" + s)),
            Arbitraries.bigDecimals().map(make::numberNode),
            Arbitraries.of(make.nullNode(), make.booleanNode(true)));
    return Arbitraries.recursive(
        () -> leaf,
        inner ->
            Arbitraries.oneOf(
                inner.list().ofMaxSize(4).map(items -> make.arrayNode().addAll(items)),
                Combinators.combine(unicode().list().ofSize(3), inner.list().ofSize(3))
                    .as(
                        (names, items) -> {
                          ObjectNode object = make.objectNode();
                          for (int i = 0; i < 3; i++) {
                            object.set(names.get(i), items.get(i));
                          }
                          return object;
                        })),
        0,
        5);
  }
}
