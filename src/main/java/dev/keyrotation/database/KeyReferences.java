package dev.keyrotation.database;

import dev.keyrotation.key.KeyMaterial;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;

/**
 * What else in LiteLLM's schema names a key by its hash and follows it when the key is replaced, as
 * LiteLLM's own regeneration of keys does it. Records (spend, audit, deleted keys) keep the old
 * hash: they tell what was.
 */
final class KeyReferences {
  static final String DEPRECATED = "LiteLLM_DeprecatedVerificationToken";
  private static final String JWT = "LiteLLM_JWTKeyMapping";
  private static final String ACCESS_GROUPS = "LiteLLM_AccessGroupTable";
  private static final String TOOLS = "LiteLLM_ToolTable";
  private static final List<String> RESOURCES =
      List.of(
          "LiteLLM_ManagedFileTable",
          "LiteLLM_ManagedObjectTable",
          "LiteLLM_ManagedVectorStoreTable");

  /** Tables whose rows are deleted with a key's row, and put back with it. */
  static final List<String> REMOVED = List.of(JWT, DEPRECATED);

  /** Every table that refers to a key, and the column in which it does. */
  static final Map<String, String> COLUMNS =
      Map.of(
          JWT,
          "token",
          DEPRECATED,
          "active_token_id",
          TOOLS,
          "key_hash",
          ACCESS_GROUPS,
          "assigned_key_ids",
          "LiteLLM_ManagedFileTable",
          "created_by",
          "LiteLLM_ManagedObjectTable",
          "created_by",
          "LiteLLM_ManagedVectorStoreTable",
          "created_by");

  private final Connection connection;
  private final Catalog catalog;
  private final EndedRows ended;

  KeyReferences(Connection connection, Catalog catalog, EndedRows ended) {
    this.connection = connection;
    this.catalog = catalog;
    this.ended = ended;
  }

  /**
   * Lets references follow. The row of {@code to} must be there; JWT mappings have by then followed
   * by their foreign key where the row itself was moved.
   */
  void follow(KeyMaterial from, KeyMaterial to, boolean resources) throws SQLException {
    repoint(JWT, "token", from.tokenHash(), to.tokenHash());
    repoint(DEPRECATED, "active_token_id", from.tokenHash(), to.tokenHash());
    repoint(TOOLS, "key_hash", from.tokenHash(), to.tokenHash());
    if (catalog.has(ACCESS_GROUPS, "assigned_key_ids")) {
      run(
          "UPDATE "
              + catalog.sql(ACCESS_GROUPS)
              + " SET assigned_key_ids = array_replace(assigned_key_ids, ?, ?)"
              + " WHERE ? = ANY (assigned_key_ids)",
          from.tokenHash(),
          to.tokenHash(),
          from.tokenHash());
    }
    if (resources) {
      for (String table : RESOURCES) {
        repoint(table, "created_by", "key:" + from.tokenHash(), "key:" + to.tokenHash());
      }
    }
  }

  private void repoint(String table, String column, String from, String to) throws SQLException {
    if (catalog.has(table, column)) {
      String name = Sql.name(column);
      run(
          "UPDATE " + catalog.sql(table) + " SET " + name + " = ? WHERE " + name + " = ?",
          to,
          from);
    }
  }

  /**
   * Removes references to a key whose row is to be deleted; older schemas forbid that otherwise.
   */
  void remove(KeyMaterial key) throws SQLException {
    ended.delete(JWT, "token", key.tokenHash());
    ended.delete(DEPRECATED, "active_token_id", key.tokenHash());
    if (catalog.has(ACCESS_GROUPS, "assigned_key_ids")) {
      ended.recordUnassigned(ACCESS_GROUPS, key.tokenHash());
      run(
          "UPDATE "
              + catalog.sql(ACCESS_GROUPS)
              + " SET assigned_key_ids = array_remove(assigned_key_ids, ?)"
              + " WHERE ? = ANY (assigned_key_ids)",
          key.tokenHash(),
          key.tokenHash());
    }
  }

  /** Ends the afterlife that LiteLLM grants a regenerated key. */
  void endDeprecated(KeyMaterial key) throws SQLException {
    ended.delete(DEPRECATED, "token", key.tokenHash());
  }

  private void run(String sql, String... parameters) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      for (int i = 0; i < parameters.length; i++) {
        statement.setString(i + 1, parameters[i]);
      }
      statement.executeUpdate();
    }
  }
}
