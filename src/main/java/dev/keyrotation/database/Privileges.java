package dev.keyrotation.database;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * What a database role has to be allowed for a rotation, on the tables that this database has: no
 * more and no less. Preflight asks for it, and {@code keyrotation grants} prints it.
 */
final class Privileges {
  /** A right on a table. */
  enum Right {
    SELECT,
    INSERT,
    UPDATE,
    DELETE
  }

  private final Map<Right, SortedSet<String>> tables = new EnumMap<>(Right.class);

  private Privileges() {
    for (Right right : Right.values()) {
      tables.put(right, new TreeSet<>());
    }
  }

  /** What LiteLLM's tables ask for. */
  static Privileges of(Catalog catalog, Connection connection) throws SQLException {
    Privileges needed = new Privileges();
    for (String table : catalog.tables().keySet()) {
      // Values may be anywhere but in records of traffic.
      if (!ColumnRole.isTraffic(table)) {
        needed.add(Right.SELECT, table);
      }
      if (ColumnRole.isListed(table)) {
        needed.add(Right.UPDATE, table);
      }
    }
    // Rows of the master key: moved, removed and put back, with what refers to them.
    for (Map.Entry<String, String> reference : KeyReferences.COLUMNS.entrySet()) {
      if (catalog.has(reference.getKey(), reference.getValue())) {
        needed.add(Right.UPDATE, reference.getKey());
      }
    }
    for (String table : KeyReferences.REMOVED) {
      if (catalog.tables().containsKey(table)) {
        needed.add(Right.INSERT, table);
        needed.add(Right.DELETE, table);
      }
    }
    // Grace rows and dashboard sessions; the user to whom grace rows belong.
    for (String table : List.of(Catalog.TOKENS, Catalog.USERS)) {
      needed.add(Right.INSERT, table);
      needed.add(Right.DELETE, table);
    }
    if (countsChangesInConfig(catalog, connection)) {
      needed.add(Right.INSERT, Catalog.CONFIG);
    }
    return needed;
  }

  /** Since 1.108 LiteLLM has a trigger that counts changes of MCP servers, with our rights. */
  private static boolean countsChangesInConfig(Catalog catalog, Connection connection)
      throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement(
            "SELECT EXISTS (SELECT FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN"
                + " pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = ? AND t.tgname ="
                + " 'litellm_mcp_catalog_revision')")) {
      statement.setString(1, catalog.schema());
      try (ResultSet row = statement.executeQuery()) {
        row.next();
        return row.getBoolean(1);
      }
    }
  }

  private void add(Right right, String table) {
    of(right).add(table);
  }

  /** There is an entry for each right. */
  private SortedSet<String> of(Right right) {
    return Objects.requireNonNull(tables.get(right));
  }

  /** The tables on which {@code right} is needed, in order. */
  List<String> tables(Right right) {
    return List.copyOf(of(right));
  }

  /** The tables on which the role of the connection lacks {@code right}. */
  List<String> missing(Right right, Catalog catalog, Connection connection) throws SQLException {
    List<String> missing = new ArrayList<>();
    try (PreparedStatement statement =
        connection.prepareStatement("SELECT has_table_privilege(?, ?)")) {
      for (String table : of(right)) {
        statement.setString(1, catalog.sql(table));
        statement.setString(2, right.name());
        try (ResultSet row = statement.executeQuery()) {
          row.next();
          if (!row.getBoolean(1)) {
            missing.add(table);
          }
        }
      }
    }
    return missing;
  }

  /** The grants on tables, for {@code role}. */
  List<String> grants(Catalog catalog, String role) {
    List<String> statements = new ArrayList<>();
    for (Right right : Right.values()) {
      String names = of(right).stream().map(catalog::sql).collect(Collectors.joining(",\n  "));
      statements.add("GRANT " + right + " ON\n  " + names + "\n  TO " + Sql.name(role));
    }
    return statements;
  }
}
