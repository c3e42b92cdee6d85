package dev.keyrotation.database;

import dev.keyrotation.key.KeyMaterial;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

/**
 * Rows of a master key in the token table, which LiteLLM before February 2025 left there as the
 * SHA-256 of the key and a well-known runbook as the key in clear.
 *
 * <p>Keys in clear are found by their hash, computed by the server: a key that is sent as a
 * parameter could end in the server's log.
 */
final class TokenRows {
  /** The hash is bound twice. */
  private static final String OF_KEY =
      "(t.token = ? OR (length(t.token) <> 64"
          + " AND encode(sha256(convert_to(t.token, 'UTF8')), 'hex') = ?))";

  private final Connection connection;
  private final Catalog catalog;

  TokenRows(Connection connection, Catalog catalog) {
    this.connection = connection;
    this.catalog = catalog;
  }

  /**
   * A row.
   *
   * @param location where it stands in this transaction
   * @param hashed false for a key in clear
   * @param ownsResources whether LiteLLM keeps what it made under {@code key:<hash>}
   */
  record TokenRow(String location, boolean hashed, boolean ownsResources) {}

  /** The rows of a key without our grace rows, the hashed one first, locked. */
  List<TokenRow> lock(KeyMaterial key) throws SQLException {
    List<TokenRow> rows = new ArrayList<>();
    try (PreparedStatement statement =
        connection.prepareStatement(
            "SELECT t.ctid::text, t.token = ?, t.user_id IS NULL AND t.team_id IS NULL FROM "
                + catalog.sql(Catalog.TOKENS)
                + " t WHERE "
                + OF_KEY
                + " AND NOT "
                + GraceRows.IS_GRACE
                + " ORDER BY 2 DESC FOR UPDATE")) {
      String hash = key.tokenHash();
      statement.setString(1, hash);
      statement.setString(2, hash);
      statement.setString(3, hash);
      try (ResultSet row = statement.executeQuery()) {
        while (row.next()) {
          rows.add(new TokenRow(row.getString(1), row.getBoolean(2), row.getBoolean(3)));
        }
      }
    }
    return rows;
  }

  /**
   * Rows through which LiteLLM takes the key, or took it for one: rows of the token table without
   * our grace rows, and those by which a replaced key lives on for a while.
   */
  int count(KeyMaterial key) throws SQLException {
    String hash = key.tokenHash();
    int rows =
        count(
            "SELECT count(*) FROM "
                + catalog.sql(Catalog.TOKENS)
                + " t WHERE "
                + OF_KEY
                + " AND NOT "
                + GraceRows.IS_GRACE,
            hash,
            hash);
    if (catalog.has(KeyReferences.DEPRECATED, "token")) {
      rows +=
          count(
              "SELECT count(*) FROM " + catalog.sql(KeyReferences.DEPRECATED) + " WHERE token = ?",
              hash);
    }
    return rows;
  }

  boolean exists(KeyMaterial key) throws SQLException {
    return count(
            "SELECT count(*) FROM " + catalog.sql(Catalog.TOKENS) + " t WHERE t.token = ?",
            key.tokenHash())
        > 0;
  }

  private int count(String sql, String... parameters) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      for (int i = 0; i < parameters.length; i++) {
        statement.setString(i + 1, parameters[i]);
      }
      try (ResultSet row = statement.executeQuery()) {
        row.next();
        return row.getInt(1);
      }
    }
  }
}
