package dev.keyrotation.database;

import dev.keyrotation.database.Catalog.Kind;
import dev.keyrotation.database.Catalog.Table;
import dev.keyrotation.key.KeyMaterial;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Short-lived rows of the token table that make a key an admin key, whatever master key an instance
 * runs with (measured; LiteLLM has no negative cache and honours {@code expires} to the second).
 *
 * <p>They belong to a user of our own. An admin of the house may have a budget, and his spend is
 * his. The user goes with the last row.
 */
final class GraceRows {
  /** Key in {@code metadata} that marks rows as ours. */
  static final String MARK = "keyrotation.dev/grace";

  /** Whether row {@code t} is a grace row of any rotation. */
  static final String IS_GRACE = "(t.metadata -> '" + MARK + "' IS NOT NULL)";

  private static final String USER = "keyrotation-grace";

  private final Connection connection;
  private final Catalog catalog;
  private final String tokens;
  private final String users;

  GraceRows(Connection connection, Catalog catalog) {
    this.connection = connection;
    this.catalog = catalog;
    this.tokens = catalog.sql(Catalog.TOKENS);
    this.users = catalog.sql(Catalog.USERS);
  }

  /**
   * Inserts the row of {@code key}, or sets when it ends. A row that the key has of its own is left
   * alone: it already makes the key accepted.
   */
  void open(String rotationId, KeyMaterial key, Instant expires) throws SQLException {
    makeUser();
    Map<String, String> values = new LinkedHashMap<>();
    values.put("token", "?");
    values.put("key_alias", "?");
    values.put("user_id", "'" + USER + "'");
    values.put("metadata", "jsonb_build_object('" + MARK + "', jsonb_build_object('rotation', ?))");
    values.put("expires", "(CAST(? AS timestamptz) AT TIME ZONE 'UTC')");
    Table table = catalog.tables().get(Catalog.TOKENS);
    fill(table, values);
    String sql =
        insert(tokens, values)
            + " ON CONFLICT (token) DO UPDATE SET expires ="
            + " excluded.expires, metadata = excluded.metadata,"
            + " key_alias = excluded.key_alias WHERE "
            + IS_GRACE;
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      statement.setString(1, key.tokenHash());
      statement.setString(2, "keyrotation grace " + rotationId + " " + key.fingerprint());
      statement.setString(3, rotationId);
      statement.setObject(4, OffsetDateTime.ofInstant(expires, ZoneOffset.UTC));
      statement.executeUpdate();
    }
  }

  private void makeUser() throws SQLException {
    Map<String, String> values = new LinkedHashMap<>();
    values.put("user_id", "'" + USER + "'");
    values.put("user_role", "'proxy_admin'");
    values.put("metadata", "jsonb_build_object('" + MARK + "', true)");
    fill(catalog.tables().get(Catalog.USERS), values);
    try (PreparedStatement statement =
        connection.prepareStatement(insert(users, values) + " ON CONFLICT (user_id) DO NOTHING")) {
      statement.executeUpdate();
    }
  }

  /**
   * LiteLLM refuses rows whose lists are NULL, and releases differ in which columns they require.
   */
  private static void fill(@Nullable Table table, Map<String, String> values) {
    if (table == null) {
      throw new IllegalStateException("a LiteLLM schema has tables of keys and users");
    }
    for (Catalog.Column column : table.columns().values()) {
      if (values.containsKey(column.name())) {
        continue;
      }
      if (column.kind() == Kind.TEXT_ARRAY) {
        values.put(column.name(), "'{}'");
      } else if (column.required()) {
        values.put(
            column.name(),
            column.kind() == Kind.JSONB ? "'{}'" : column.kind() == Kind.TEXT ? "''" : "0");
      }
    }
  }

  private static String insert(String table, Map<String, String> values) {
    return "INSERT INTO "
        + table
        + " AS t ("
        + Sql.names(values.keySet())
        + ") VALUES ("
        + String.join(", ", values.values())
        + ")";
  }

  /** When {@code key} stops being accepted through a row; null when this rotation has none. */
  @Nullable Instant expiry(String rotationId, KeyMaterial key) throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement(
            "SELECT t.metadata -> '"
                + MARK
                + "' ->> 'rotation', t.expires AT TIME ZONE 'UTC' FROM "
                + tokens
                + " t WHERE t.token = ?")) {
      statement.setString(1, key.tokenHash());
      try (ResultSet row = statement.executeQuery()) {
        if (!row.next()) {
          return null;
        }
        String rotation = row.getString(1);
        if (rotation == null) {
          return RotationDatabase.NO_EXPIRY;
        }
        OffsetDateTime expires = row.getObject(2, OffsetDateTime.class);
        return rotation.equals(rotationId) && expires != null ? expires.toInstant() : null;
      }
    }
  }

  /** Deletes the rows of a rotation, and our user with the last of any. */
  void close(String rotationId) throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement(
            "DELETE FROM " + tokens + " t WHERE t.metadata -> '" + MARK + "' ->> 'rotation' = ?")) {
      statement.setString(1, rotationId);
      statement.executeUpdate();
    }
    try (PreparedStatement statement =
        connection.prepareStatement(
            "DELETE FROM "
                + users
                + " t WHERE t.user_id = '"
                + USER
                + "' AND "
                + IS_GRACE
                + " AND NOT EXISTS (SELECT 1 FROM "
                + tokens
                + " t WHERE t.user_id = '"
                + USER
                + "')")) {
      statement.executeUpdate();
    }
  }
}
