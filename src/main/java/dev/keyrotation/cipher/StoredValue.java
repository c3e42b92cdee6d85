package dev.keyrotation.cipher;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParseException;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.HexFormat;
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
    if (mayBeJson(text)) {
      try {
        return splice(text, change);
      } catch (JsonParseException e) {
        // Not JSON after all: the whole text is one leaf.
        return change.apply(text);
      } catch (IOException e) {
        throw new UncheckedIOException("reading from a string failed", e);
      }
    }
    return change.apply(text);
  }

  private static boolean mayBeJson(String text) {
    int first = 0;
    while (first < text.length() && " \t\r\n".indexOf(text.charAt(first)) >= 0) {
      first++;
    }
    return first < text.length() && "{[\"".indexOf(text.charAt(first)) >= 0;
  }

  private static @Nullable String splice(String text, LeafChange change) throws IOException {
    requireOneDocument(text);
    StringBuilder changed = null;
    int copied = 0;
    try (JsonParser parser = JSON.createParser(text)) {
      for (JsonToken token = parser.nextToken(); token != null; token = parser.nextToken()) {
        if (token != JsonToken.VALUE_STRING) {
          continue;
        }
        int start = (int) parser.currentTokenLocation().getCharOffset();
        String replacement = transform(parser.getText(), change);
        if (replacement == null) {
          continue;
        }
        changed = changed == null ? new StringBuilder(text.length() + 64) : changed;
        changed.append(text, copied, start);
        quote(replacement, changed);
        copied = (int) parser.currentLocation().getCharOffset();
      }
    }
    return changed == null ? null : changed.append(text, copied, text.length()).toString();
  }

  /**
   * A first reading without effect: a text that stops being JSON half-way must not have half its
   * leaves visited.
   */
  private static void requireOneDocument(String text) throws IOException {
    try (JsonParser parser = JSON.createParser(text)) {
      parser.nextToken();
      parser.skipChildren();
      if (parser.currentToken() == JsonToken.VALUE_STRING) {
        parser.finishToken();
      }
      if (parser.nextToken() != null) {
        throw new JsonParseException(parser, "more than one document");
      }
    }
  }

  /** As JSON wants it, and no more; a surrogate without its pair survives as an escape. */
  private static void quote(String value, StringBuilder out) {
    out.append('"');
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
    out.append('"');
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
