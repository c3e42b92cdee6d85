package dev.keyrotation.database;

import dev.keyrotation.api.v1alpha1.Direction;
import dev.keyrotation.api.v1alpha1.MasterKeyRowPolicy;
import dev.keyrotation.database.RotationDatabase.MasterKeyRows;
import dev.keyrotation.database.TokenRows.TokenRow;
import dev.keyrotation.key.KeyMaterial;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

/**
 * Ends a master key in the token table, as LiteLLM's regeneration ends any key: its row becomes the
 * row of the other key, in place, and what refers to it follows. May be done again at any time:
 * releases before February 2025 insert a row whenever they start.
 */
final class MasterKeyMove {
  /** Shorter keys are not abbreviated but hidden, as in LiteLLM. */
  private static final int SHORTEST_SHOWN = 16;

  private static final String NOW = "now() AT TIME ZONE 'UTC'";

  private final Connection connection;
  private final Catalog catalog;
  private final String rotationId;
  private final KeyMaterial from;
  private final KeyMaterial to;
  private final TokenRows rows;
  private final EndedRows ended;
  private final KeyReferences references;

  MasterKeyMove(
      Connection connection, Catalog catalog, String rotationId, KeyMaterial from, KeyMaterial to) {
    this.connection = connection;
    this.catalog = catalog;
    this.rotationId = rotationId;
    this.from = from;
    this.to = to;
    this.rows = new TokenRows(connection, catalog);
    this.ended = new EndedRows(connection, catalog, rotationId, to);
    this.references = new KeyReferences(connection, catalog, ended);
  }

  /** Rows found and moved, repaired, removed or, in direction RollBack, put back. */
  MasterKeyRows run(Direction direction, MasterKeyRowPolicy policy) throws SQLException {
    new GraceRows(connection, catalog).close(rotationId);
    if (from.equals(to)) {
      return new MasterKeyRows(0, 0);
    }
    int restored = direction == Direction.ROLL_BACK ? restore() : 0;
    List<TokenRow> found = rows.lock(from);
    for (TokenRow row : found) {
      if (policy == MasterKeyRowPolicy.MOVE && !rows.exists(to)) {
        move(row);
      } else {
        remove(row, policy);
      }
    }
    references.endDeprecated(from);
    return new MasterKeyRows(found.size() + restored, found.size() + restored);
  }

  /** Undoes what Forward did, which was from our {@code to} to our {@code from}. */
  private int restore() throws SQLException {
    EndedRows forward = new EndedRows(connection, catalog, rotationId, from);
    int restored = forward.restore(from.tokenHash(), to.tokenHash(), movedColumns());
    if (restored > 0 && rows.exists(to)) {
      references.follow(from, to, true);
    }
    return restored;
  }

  private void move(TokenRow row) throws SQLException {
    ended.recordMoved(row.location());
    List<String> assignments = new ArrayList<>();
    assignments.add("token = ?");
    assignments.add("key_name = CASE WHEN key_name IS NULL THEN NULL ELSE ? END");
    if (catalog.has(Catalog.TOKENS, "rotation_count")) {
      assignments.add("rotation_count = coalesce(rotation_count, 0) + 1");
    }
    for (String time : List.of("last_rotation_at", "updated_at", "settings_updated_at")) {
      if (catalog.has(Catalog.TOKENS, time)) {
        assignments.add(time + " = " + NOW);
      }
    }
    try (PreparedStatement statement =
        connection.prepareStatement(
            "UPDATE "
                + catalog.sql(Catalog.TOKENS)
                + " SET "
                + String.join(", ", assignments)
                + " WHERE ctid = CAST(CAST(? AS text) AS tid)")) {
      statement.setString(1, to.tokenHash());
      statement.setString(2, abbreviated(to));
      statement.setString(3, row.location());
      statement.executeUpdate();
    }
    if (row.hashed()) {
      references.follow(from, to, row.ownsResources());
    }
  }

  /** The columns that {@link #move} changes. */
  private List<String> movedColumns() {
    return List.of(
            "token",
            "key_name",
            "rotation_count",
            "last_rotation_at",
            "updated_at",
            "settings_updated_at")
        .stream()
        .filter(column -> catalog.has(Catalog.TOKENS, column))
        .toList();
  }

  private void remove(TokenRow row, MasterKeyRowPolicy policy) throws SQLException {
    if (row.hashed()) {
      if (policy == MasterKeyRowPolicy.MOVE) {
        references.follow(from, to, row.ownsResources());
      } else {
        references.remove(from);
      }
    }
    ended.deleteToken(row.location());
  }

  /** As LiteLLM shows a key to people. */
  private static String abbreviated(KeyMaterial key) {
    String value = key.reveal();
    return value.length() < SHORTEST_SHOWN
        ? "sk-..."
        : "sk-..." + value.substring(value.length() - 4);
  }
}
