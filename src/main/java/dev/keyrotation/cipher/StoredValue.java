package dev.keyrotation.cipher;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParseException;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Walks a stored value: a plain string, or JSON of any depth with JSON inside its strings, at every
 * level. Leaves are the strings that are no JSON themselves; names of fields are none.
 *
 * <p>A changed leaf is spliced into the text that was found. So whatever else is in there stays as
 * it is to the character: numbers of any size, order and repetition of fields, spaces, escapes.
 * Because nothing is built up in memory, depth costs nothing, and LiteLLM's bound of 100 levels
 * need not be kept.
 */
public final class StoredValue {
  private static final JsonFactory JSON =
      JsonFactory.builder()
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(Integer.MAX_VALUE)
                  .maxStringLength(Integer.MAX_VALUE)
                  .maxNameLength(Integer.MAX_VALUE)
                  .maxNumberLength(Integer.MAX_VALUE)
                  .build())
          // Python writes and reads these inside strings; PostgreSQL refuses them outside.
          .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
          .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
          .build();

  private StoredValue() {}

  /** Gives a leaf's replacement, or null to leave it. */
  @FunctionalInterface
  public interface LeafChange {
    @Nullable String apply(String leaf);
  }

  /** The text with changed leaves, or null when no leaf was changed. */
  public static @Nullable String transform(String text, LeafChange change) {
    List<Edit> edits = edits(text, change);
    if (edits.isEmpty()) {
      return null;
    }
    StringBuilder changed = new StringBuilder(text.length() + 64);
    int copied = 0;
    for (Edit edit : edits) {
      changed.append(text, copied, edit.start()).append(edit.replacement());
      copied = edit.end();
    }
    return changed.append(text, copied, text.length()).toString();
  }

  /** What to put in place of a part of a text. */
  private record Edit(int start, int end, String replacement) {}

  /** In the order of the text, and apart from each other. */
  private static List<Edit> edits(String text, LeafChange change) {
    if (mayBeJson(text)) {
      try {
        return editsOfJson(text, change);
      } catch (JsonParseException e) {
        // Not JSON after all: the whole text is one leaf.
      } catch (IOException e) {
        throw new UncheckedIOException("reading from a string failed", e);
      }
    }
    String replacement = change.apply(text);
    return replacement == null ? List.of() : List.of(new Edit(0, text.length(), replacement));
  }

  private static boolean mayBeJson(String text) {
    int first = 0;
    while (first < text.length() && " \t\r\n".indexOf(text.charAt(first)) >= 0) {
      first++;
    }
    return first < text.length() && "{[\"".indexOf(text.charAt(first)) >= 0;
  }

  /** A string of a JSON text, and where its first character stands there. */
  private record JsonString(int at, String value) {}

  /**
   * What is to be edited within a string is taken to where it stands in the text with all escapes;
   * so a string around a changed one keeps its own way of writing, too.
   */
  private static List<Edit> editsOfJson(String text, LeafChange change) throws IOException {
    List<Edit> edits = new ArrayList<>();
    for (JsonString string : strings(text)) {
      int at = string.at();
      int read = 0;
      for (Edit inner : edits(string.value(), change)) {
        int start = skip(text, at, inner.start() - read);
        at = skip(text, start, inner.end() - inner.start());
        read = inner.end();
        edits.add(new Edit(start, at, escaped(inner.replacement())));
      }
    }
    return edits;
  }

  /**
   * All of them before the first is visited: a text that stops being JSON half-way must not have
   * half its leaves visited.
   */
  private static List<JsonString> strings(String text) throws IOException {
    List<JsonString> strings = new ArrayList<>();
    try (JsonParser parser = JSON.createParser(text)) {
      boolean ended = false;
      for (JsonToken token = parser.nextToken(); token != null; token = parser.nextToken()) {
        if (ended) {
          throw new JsonParseException(parser, "more than one document");
        }
        if (token == JsonToken.VALUE_STRING) {
          int at = (int) parser.currentTokenLocation().getCharOffset() + 1;
          strings.add(new JsonString(at, parser.getText()));
        }
        ended = parser.getParsingContext().inRoot() && !token.isStructStart();
      }
    }
    return strings;
  }

  /** Where {@code text} goes on after so many characters of a JSON string that stands in it. */
  private static int skip(String text, int start, int characters) {
    if (text.indexOf('\\', start, start + characters) < 0) {
      return start + characters;
    }
    int at = start;
    for (int i = 0; i < characters; i++) {
      at += text.charAt(at) != '\\' ? 1 : text.charAt(at + 1) == 'u' ? 6 : 2;
    }
    return at;
  }

  /** As JSON wants it, and no more; a surrogate without its pair survives as an escape. */
  private static String escaped(String value) {
    if (isPlain(value)) {
      return value;
    }
    StringBuilder out = new StringBuilder(value.length() + 8);
    for (int i = 0; i < value.length(); i++) {
      char c = value.charAt(i);
      if (c == '"' || c == '\\') {
        out.append('\\').append(c);
      } else if (c < ' ' || isUnpaired(value, i)) {
        out.append("\\u").append(HexFormat.of().toHexDigits(c));
      } else {
        out.append(c);
      }
    }
    return out.toString();
  }

  /** Nearly always: base64 is. */
  private static boolean isPlain(String value) {
    for (int i = 0; i < value.length(); i++) {
      char c = value.charAt(i);
      if (c < ' ' || c > '~' || c == '"' || c == '\\') {
        return false;
      }
    }
    return true;
  }

  private static boolean isUnpaired(String value, int at) {
    char c = value.charAt(at);
    if (Character.isHighSurrogate(c)) {
      return at + 1 == value.length() || !Character.isLowSurrogate(value.charAt(at + 1));
    }
    return Character.isLowSurrogate(c)
        && (at == 0 || !Character.isHighSurrogate(value.charAt(at - 1)));
  }
}
