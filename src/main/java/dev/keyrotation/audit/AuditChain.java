package dev.keyrotation.audit;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The form of an audit: lines of JSON, each with the hash of the one before it.
 *
 * <p>A line ends in {@code ,"hash":"<64 hex digits>"}} and the hash is the SHA-256 of the UTF-8
 * bytes that stand before this ending. So a line is checked without reading it as JSON, in any
 * language, and no rule about the order of fields or about escapes is needed.
 */
public final class AuditChain {
  /** Stands for the line before the first one. */
  public static final String GENESIS = "0".repeat(64);

  private static final Pattern ENDING = Pattern.compile(",\"hash\":\"([0-9a-f]{64})\"}$");
  private static final ObjectMapper JSON =
      new ObjectMapper().disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES);

  private AuditChain() {}

  /** Where the next line goes: its number, and the hash of the line before it. */
  public record Head(long next, String hash) {
    /** Of an audit without lines. */
    public static final Head EMPTY = new Head(1, GENESIS);
  }

  /** What a check of lines says. */
  public sealed interface Check {
    /**
     * Every line is as it was written, none is missing between them.
     *
     * @param first number of the first line; more than 1 when older lines have been removed
     * @param head hash of the last line; compare it with one that was noted elsewhere, since
     *     whoever may write the file can write all of it anew
     */
    record Intact(long lines, long first, String head) implements Check {}

    /** The first line, counted from 1 in the text, that is not as it was written. */
    record Broken(long line, String why) implements Check {}
  }

  /** The line that puts {@code entry} behind {@code head}; without line break. */
  public static String line(Head head, Instant time, String resource, AuditEntry entry) {
    ObjectNode node = JSON.createObjectNode();
    node.put("seq", head.next());
    node.put("time", time.toString());
    node.put("resource", resource);
    node.put("previous", head.hash());
    node.setAll((ObjectNode) JSON.valueToTree(entry));
    String text = node.toString();
    String content = text.substring(0, text.length() - 1);
    return content + ",\"hash\":\"" + sha256(content) + "\"}";
  }

  /**
   * Reads a line; its hash is not checked.
   *
   * @throws IllegalArgumentException when it is no line of an audit
   */
  public static AuditRecord read(String line) {
    try {
      AuditRecord record = JSON.readValue(line, AuditRecord.class);
      if (record.hash() == null || record.previous() == null || record.entry().event() == null) {
        throw new IllegalArgumentException("it lacks hash, previous or event");
      }
      return record;
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("it is no JSON record", e);
    }
  }

  /** Checks every line and that each follows the one before it. */
  public static Check check(List<String> lines) {
    Head expected = null;
    long first = 1;
    for (int i = 0; i < lines.size(); i++) {
      String line = lines.get(i);
      Matcher ending = ENDING.matcher(line);
      if (!ending.find()) {
        return new Check.Broken(i + 1L, "it does not end in a hash");
      }
      if (!sha256(line.substring(0, ending.start())).equals(ending.group(1))) {
        return new Check.Broken(i + 1L, "its hash is not that of its content: it was changed");
      }
      AuditRecord record;
      try {
        record = read(line);
      } catch (IllegalArgumentException e) {
        return new Check.Broken(i + 1L, String.valueOf(e.getMessage()));
      }
      if (expected == null) {
        first = record.seq();
        if (first == 1 && !record.previous().equals(GENESIS)) {
          return new Check.Broken(1, "it says that it is the first, and names one before it");
        }
      } else if (record.seq() != expected.next() || !record.previous().equals(expected.hash())) {
        return new Check.Broken(
            i + 1L, "it does not follow the line before it: lines were removed, added or moved");
      }
      expected = new Head(record.seq() + 1, record.hash());
    }
    return new Check.Intact(lines.size(), first, expected == null ? GENESIS : expected.hash());
  }

  private static String sha256(String text) {
    try {
      return HexFormat.of()
          .formatHex(
              MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java runtime has SHA-256", e);
    }
  }
}
