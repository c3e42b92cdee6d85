package dev.keyrotation.database;

import java.util.Collection;
import java.util.stream.Collectors;

/** Names in SQL. LiteLLM's are mixed case, so every one is quoted. */
final class Sql {
  private Sql() {}

  static String name(String identifier) {
    return '"' + identifier.replace("\"", "\"\"") + '"';
  }

  static String name(String schema, String table) {
    return name(schema) + "." + name(table);
  }

  static String names(Collection<String> identifiers) {
    return identifiers.stream().map(Sql::name).collect(Collectors.joining(", "));
  }

  static String literal(String text) {
    if (text.indexOf('\\') >= 0) {
      throw new IllegalArgumentException("a literal with a backslash");
    }
    return '\'' + text.replace("'", "''") + '\'';
  }
}
