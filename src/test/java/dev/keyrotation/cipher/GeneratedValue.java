package dev.keyrotation.cipher;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Function;

/**
 * A stored value as it might stand in a column, with gaps where ciphertexts belong. It is made of
 * text, not by a JSON library, so that it can have what such a library would not write: any
 * spacing, any escapes, fields that repeat, numbers of any size.
 */
final class GeneratedValue {
  private static final int ONE_ESCAPED_IN = 20;
  private static final String SPECIAL = "\"\\/\b\f\n\r\t{}[]:, ";
  private static final List<String> NUMBERS =
      List.of(
          "0",
          "-0.0",
          "1e400",
          "-2E+4000",
          "123456789012345678901234567890123456789",
          "0.1000000000000000055511151231257827",
          "NaN",
          "-Infinity");
  private static final List<String> SPACES = List.of("", "", "", " ", "\n", "\t ", "\r\n");

  private final Random random;
  private final List<String> gaps = new ArrayList<>();
  private final Function<String, String> seal;
  private int left = 40;

  private GeneratedValue(long seed, Function<String, String> seal) {
    this.random = new Random(seed);
    this.seal = seal;
  }

  /**
   * @param before the value, with a ciphertext in each gap
   * @param parts what stands around the gaps, one more than there are gaps
   * @param plaintexts what the ciphertexts hold, in this order
   */
  record Value(String before, List<String> parts, List<String> plaintexts) {}

  /**
   * A value that {@code seed} stands for.
   *
   * @param seal makes the ciphertext of a plaintext; it must need no escape in JSON
   * @param depth of arrays and objects around what is in there
   */
  static Value of(long seed, int depth, Function<String, String> seal) {
    var made = new GeneratedValue(seed, seal);
    String template = made.deep(depth);
    List<String> parts = List.of(template.split("\u0001", -1));
    List<String> plaintexts = List.copyOf(made.gaps);
    StringBuilder before = new StringBuilder(parts.getFirst());
    for (int i = 0; i < plaintexts.size(); i++) {
      before.append(made.seal.apply(plaintexts.get(i))).append(parts.get(i + 1));
    }
    return new Value(before.toString(), parts, plaintexts);
  }

  private String deep(int depth) {
    StringBuilder front = new StringBuilder();
    StringBuilder back = new StringBuilder();
    for (int i = 0; i < depth; i++) {
      boolean array = random.nextBoolean();
      front.append(array ? "[" : "{" + string(plaintext(3)) + ":").append(space());
      back.insert(0, array ? "]" : "}");
    }
    return front + value(0) + back;
  }

  private String value(int level) {
    left--;
    int kind = random.nextInt(level > 4 || left < 0 ? 4 : 8);
    return switch (kind) {
      case 0 -> NUMBERS.get(random.nextInt(NUMBERS.size()));
      case 1 -> random.nextBoolean() ? "null" : "true";
      case 2 -> string(plaintext(12));
      case 3 -> "\"" + gap() + "\"";
      case 4 -> quoted(value(level + 1));
      case 5, 6 -> object(level);
      default -> array(level);
    };
  }

  private String object(int level) {
    List<String> fields = new ArrayList<>();
    for (int i = random.nextInt(5); i > 0; i--) {
      // Few names, so that some repeat.
      String name = random.nextBoolean() ? "\"key\"" : string(plaintext(2));
      fields.add(name + space() + ":" + space() + value(level + 1));
    }
    return "{" + space() + String.join("," + space(), fields) + "}";
  }

  private String array(int level) {
    List<String> items = new ArrayList<>();
    for (int i = random.nextInt(4); i > 0; i--) {
      items.add(value(level + 1));
    }
    return "[" + String.join(space() + ",", items) + space() + "]";
  }

  private String gap() {
    gaps.add(plaintext(30));
    return "\u0001";
  }

  private String space() {
    return SPACES.get(random.nextInt(SPACES.size()));
  }

  /** Any characters, those that JSON escapes more often. */
  private String plaintext(int longest) {
    StringBuilder text = new StringBuilder();
    for (int i = random.nextInt(longest + 1); i > 0; i--) {
      switch (random.nextInt(6)) {
        case 0 -> text.append(SPECIAL.charAt(random.nextInt(SPECIAL.length())));
        case 1 -> text.appendCodePoint(0x10000 + random.nextInt(0x100000));
        case 2 -> text.append((char) (0x80 + random.nextInt(0xD000)));
        default -> text.append((char) ('a' + random.nextInt(26)));
      }
    }
    return text.toString();
  }

  private String string(String plaintext) {
    String text = random.nextInt(8) == 0 ? plaintext + "\uD800" : plaintext;
    return quoted(text);
  }

  /** As any writer of JSON might: what need not be escaped is escaped now and then. */
  private String quoted(String text) {
    StringBuilder out = new StringBuilder("\"");
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '\u0001') {
        out.append(c);
      } else if (c < ' ' || Character.isSurrogate(c) || random.nextInt(ONE_ESCAPED_IN) == 0) {
        out.append("\\u")
            .append(String.format("%04" + (random.nextBoolean() ? "x" : "X"), (int) c));
      } else if (c == '"' || c == '\\') {
        out.append('\\').append(c);
      } else if (c == '/' && random.nextBoolean()) {
        out.append("\\/");
      } else {
        out.append(c);
      }
    }
    return out.append('"').toString();
  }
}
