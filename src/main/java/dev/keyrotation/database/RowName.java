package dev.keyrotation.database;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.keyrotation.database.Catalog.Table;
import java.util.ArrayList;
import java.util.List;

/**
 * Names a row to people. Ids are shown, except those that are secrets: the token table is keyed by
 * hashes of keys, and where the old runbook went wrong by keys in clear.
 */
final class RowName {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int LONGEST = 80;
  private static final int SHOWN_OF_HASH = 8;

  private RowName() {}

  /** For example {@code model_id 3f2c...}. */
  static String of(Table table, String id) {
    if (table.primaryKey().isEmpty()) {
      return "at " + id;
    }
    List<String> parts = new ArrayList<>();
    try {
      JsonNode values = JSON.readTree(id);
      for (int i = 0; i < table.primaryKey().size(); i++) {
        String column = table.primaryKey().get(i);
        parts.add(column + " " + shown(values.path(i).asText()));
      }
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a row id is a JSON array", e);
    }
    return String.join(", ", parts);
  }

  private static String shown(String value) {
    if (value.matches("[0-9a-f]{64}")) {
      return value.substring(0, SHOWN_OF_HASH) + "...";
    }
    if (value.startsWith("sk-")) {
      return "(a key in clear)";
    }
    return value.length() > LONGEST ? value.substring(0, LONGEST) + "..." : value;
  }
}
