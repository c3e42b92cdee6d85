package dev.keyrotation.database;

import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.failure.Recovery;
import dev.keyrotation.failure.RotationException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** LiteLLM's tables as this database has them: releases differ, so nothing is taken for granted. */
record Catalog(String schema, Map<String, Table> tables) {
  static final String TOKENS = "LiteLLM_VerificationToken";
  static final String USERS = "LiteLLM_UserTable";
  static final String CONFIG = "LiteLLM_Config";

  /**
   * A table.
   *
   * @param primaryKey its columns; empty when there is none
   * @param estimatedRows the planner's estimate; negative when it has none
   * @param policies whether row level security other than our fence could hide rows from us
   * @param selfWritten whether an UPDATE may do more than it says: there are triggers (besides
   *     those of foreign keys), rules or tables below it
   */
  record Table(
      String name,
      List<String> primaryKey,
      Map<String, Column> columns,
      long estimatedRows,
      boolean mayRead,
      boolean mayWrite,
      boolean policies,
      boolean selfWritten) {
    boolean has(String column) {
      return columns.containsKey(column);
    }
  }

  /** A column and what it can hold. */
  record Column(String name, Kind kind, boolean required) {}

  /** How a column's values travel. */
  enum Kind {
    TEXT,
    JSON,
    JSONB,
    TEXT_ARRAY,
    OTHER
  }

  Optional<Table> table(String name) {
    return Optional.ofNullable(tables.get(name));
  }

  boolean has(String table, String column) {
    return table(table).map(t -> t.has(column)).orElse(false);
  }

  /** Fails when a policy could hide rows from us: what is not seen would be lost. */
  void requireAllRowsVisible() {
    for (Table table : tables.values()) {
      if (table.policies()) {
        throw new RotationException(
            ConditionReason.DATABASE_ACCESS_DENIED,
            Recovery.ROLL_BACK,
            "Row level security hides rows of "
                + table.name()
                + " from the database role. Use the owner of the table, or a role with BYPASSRLS.");
      }
    }
  }

  /** The qualified, quoted name. */
  String sql(String table) {
    return Sql.name(schema, table);
  }

  private static final String READ =
      """
      SELECT c.relname, c.reltuples::bigint, a.attname, t.typname,
             has_table_privilege(c.oid, 'SELECT') AS may_read,
             has_table_privilege(c.oid, 'UPDATE') AS may_write,
             row_security_active(c.oid) AND (
               SELECT count(*) <> 1 OR min(p.polname) <> 'keyrotation_fence'
                 FROM pg_policy p WHERE p.polrelid = c.oid) AS policies,
             c.relhasrules OR c.relhassubclass
               OR EXISTS (SELECT 1 FROM pg_trigger g WHERE g.tgrelid = c.oid AND NOT g.tgisinternal)
               AS self_written,
             a.attnotnull AND NOT a.atthasdef AS required,
             coalesce(array_position(i.indkey::int2[], a.attnum), -1) AS key_position
        FROM pg_class c
        JOIN pg_namespace n ON n.oid = c.relnamespace
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        JOIN pg_type t ON t.oid = a.atttypid
        LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
       WHERE n.nspname = ? AND c.relkind IN ('r', 'p') AND NOT c.relispartition
         AND left(c.relname, 8) = 'LiteLLM_'
       ORDER BY c.relname, key_position, a.attnum
      """;

  static Catalog read(Connection connection, String schema) throws SQLException {
    Map<String, Table> tables = new LinkedHashMap<>();
    try (PreparedStatement statement = connection.prepareStatement(READ)) {
      statement.setString(1, schema);
      try (ResultSet row = statement.executeQuery()) {
        while (row.next()) {
          String name = row.getString("relname");
          Table table = tables.get(name);
          if (table == null) {
            table =
                new Table(
                    name,
                    new ArrayList<>(),
                    new LinkedHashMap<>(),
                    row.getLong("reltuples"),
                    row.getBoolean("may_read"),
                    row.getBoolean("may_write"),
                    row.getBoolean("policies"),
                    row.getBoolean("self_written"));
            tables.put(name, table);
          }
          String column = row.getString("attname");
          table
              .columns()
              .put(
                  column,
                  new Column(column, kind(row.getString("typname")), row.getBoolean("required")));
          if (row.getInt("key_position") >= 0) {
            table.primaryKey().add(column);
          }
        }
      }
    }
    return new Catalog(schema, tables);
  }

  private static Kind kind(String type) {
    return switch (type) {
      case "text", "varchar", "bpchar" -> Kind.TEXT;
      case "json" -> Kind.JSON;
      case "jsonb" -> Kind.JSONB;
      case "_text", "_varchar" -> Kind.TEXT_ARRAY;
      default -> Kind.OTHER;
    };
  }
}
