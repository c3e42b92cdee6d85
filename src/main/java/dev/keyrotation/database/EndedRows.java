package dev.keyrotation.database;

import dev.keyrotation.key.KeyMaterial;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

/**
 * Rows as they were before a rotation moved or removed them, for the way back. They are copied
 * within the server, so that a key in clear never travels.
 */
final class EndedRows {
  private static final String MOVED = "moved";
  private static final String REMOVED = "removed";
  private static final String UNASSIGNED = "unassigned";
  private static final String SESSION = "session";

  private final Connection connection;
  private final Catalog catalog;
  private final String rotationId;
  private final String toKey;

  /** Rows that {@code rotationId} ended in favour of {@code to}. */
  EndedRows(Connection connection, Catalog catalog, String rotationId, KeyMaterial to) {
    this(connection, catalog, rotationId, to.fingerprint());
  }

  private EndedRows(Connection connection, Catalog catalog, String rotationId, String toKey) {
    this.connection = connection;
    this.catalog = catalog;
    this.rotationId = rotationId;
    this.toKey = toKey;
  }

  /** A row of the token table will be moved. */
  void recordMoved(String location) throws SQLException {
    record(Catalog.TOKENS, MOVED, "to_jsonb(t)", "t.ctid = CAST(CAST(? AS text) AS tid)", location);
  }

  /** Deletes a row of the token table. */
  void deleteToken(String location) throws SQLException {
    String where = "t.ctid = CAST(CAST(? AS text) AS tid)";
    record(Catalog.TOKENS, REMOVED, "to_jsonb(t)", where, location);
    run("DELETE FROM " + catalog.sql(Catalog.TOKENS) + " t WHERE " + where, location);
  }

  /**
   * Deletes every row of a team in the token table; returns how many. They are kept to be looked at
   * and not put back by {@link #restore}: no one key took their place.
   */
  static int endTeam(Connection connection, Catalog catalog, String rotationId, String team)
      throws SQLException {
    EndedRows rows = new EndedRows(connection, catalog, rotationId, SESSION);
    rows.record(Catalog.TOKENS, SESSION, "to_jsonb(t)", "t.team_id = ?", team);
    return rows.run("DELETE FROM " + catalog.sql(Catalog.TOKENS) + " t WHERE t.team_id = ?", team);
  }

  /** Deletes rows of another table, where there is such a table. */
  void delete(String table, String column, String value) throws SQLException {
    if (catalog.has(table, column)) {
      String where = "t." + Sql.name(column) + " = ?";
      record(table, REMOVED, "to_jsonb(t)", where, value);
      run("DELETE FROM " + catalog.sql(table) + " t WHERE " + where, value);
    }
  }

  /** A key will be taken out of access groups. */
  void recordUnassigned(String table, String hash) throws SQLException {
    record(
        table,
        UNASSIGNED,
        "jsonb_build_object('access_group_id', t.access_group_id)",
        "? = ANY (t.assigned_key_ids)",
        hash);
  }

  private void record(String table, String how, String what, String where, String parameter)
      throws SQLException {
    run(
        "INSERT INTO keyrotation.ended_row (litellm_schema, rotation_id, to_key, table_name, how,"
            + " before) SELECT ?, ?, ?, ?, ?, "
            + what
            + " FROM "
            + catalog.sql(table)
            + " t WHERE "
            + where,
        catalog.schema(),
        rotationId,
        toKey,
        table,
        how,
        parameter);
  }

  /** A recorded row. */
  private record Ended(long id, String table, String how) {}

  /**
   * Puts everything back and forgets it; returns how many rows of the token table came back.
   *
   * @param hash what moved rows have as token now
   * @param restored the columns that moving changes
   */
  int restore(String hash, String oldHash, List<String> restored) throws SQLException {
    int tokens = 0;
    for (Ended row : recorded()) {
      switch (row.how()) {
        case MOVED -> tokens += moveBack(row, hash, restored);
        case UNASSIGNED -> assignAgain(row, oldHash);
        default -> {
          int inserted = insertAgain(row);
          tokens += row.table().equals(Catalog.TOKENS) ? inserted : 0;
        }
      }
      run("DELETE FROM keyrotation.ended_row WHERE id = CAST(? AS bigint)", "" + row.id());
    }
    return tokens;
  }

  /** Rows of the token table first: others refer to them. */
  private List<Ended> recorded() throws SQLException {
    List<Ended> rows = new ArrayList<>();
    try (PreparedStatement statement =
        connection.prepareStatement(
            """
            SELECT id, table_name, how FROM keyrotation.ended_row
             WHERE litellm_schema = ? AND rotation_id = ? AND to_key = ?
             ORDER BY table_name <> 'LiteLLM_VerificationToken', how <> 'moved', id
            """)) {
      statement.setString(1, catalog.schema());
      statement.setString(2, rotationId);
      statement.setString(3, toKey);
      try (ResultSet row = statement.executeQuery()) {
        while (row.next()) {
          if (catalog.tables().containsKey(row.getString(2))) {
            rows.add(new Ended(row.getLong(1), row.getString(2), row.getString(3)));
          }
        }
      }
    }
    return rows;
  }

  private int moveBack(Ended row, String hash, List<String> restored) throws SQLException {
    String table = catalog.sql(Catalog.TOKENS);
    String columns =
        String.join(", ", restored.stream().map(c -> Sql.name(c) + " = r." + Sql.name(c)).toList());
    return run(
        "UPDATE "
            + table
            + " t SET "
            + columns
            + " FROM keyrotation.ended_row e, jsonb_populate_record(NULL::"
            + table
            + ", e.before) r WHERE e.id = CAST(? AS bigint) AND t.token = ?"
            + " AND NOT EXISTS (SELECT 1 FROM "
            + table
            + " o WHERE o.token = r.token)",
        "" + row.id(),
        hash);
  }

  private int insertAgain(Ended row) throws SQLException {
    String table = catalog.sql(row.table());
    return run(
        "INSERT INTO "
            + table
            + " SELECT r.* FROM keyrotation.ended_row e, jsonb_populate_record(NULL::"
            + table
            + ", e.before) r WHERE e.id = CAST(? AS bigint) ON CONFLICT DO NOTHING",
        "" + row.id());
  }

  private void assignAgain(Ended row, String oldHash) throws SQLException {
    run(
        "UPDATE "
            + catalog.sql(row.table())
            + " t SET assigned_key_ids = array_append(t.assigned_key_ids, ?)"
            + " FROM keyrotation.ended_row e WHERE e.id = CAST(? AS bigint)"
            + " AND t.access_group_id = e.before ->> 'access_group_id'"
            + " AND NOT (? = ANY (t.assigned_key_ids))",
        oldHash,
        "" + row.id(),
        oldHash);
  }

  private int run(String sql, String... parameters) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      for (int i = 0; i < parameters.length; i++) {
        statement.setString(i + 1, parameters[i]);
      }
      return statement.executeUpdate();
    }
  }
}
