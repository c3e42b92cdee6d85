package dev.keyrotation.database;

import dev.keyrotation.api.v1alpha1.DataCounts;
import dev.keyrotation.api.v1alpha1.Direction;
import dev.keyrotation.database.RotationDatabase.EndedSessions;
import dev.keyrotation.database.RotationDatabase.MasterKeyRows;
import dev.keyrotation.key.KeyMaterial;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.OffsetDateTime;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Rows of the journal. The fingerprint of the target key is part of a row's identity: a resource
 * that was deleted and made anew may use a rotation id twice, but never for the same key.
 */
final class JournalRows {
  private final Connection connection;
  private final String schema;

  JournalRows(Connection connection, String schema) {
    this.connection = connection;
    this.schema = schema;
  }

  /** What a rotation wrote in a direction; {@code to} null stands for any target key. */
  @Nullable DataCounts reencryption(
      String rotationId, Direction direction, @Nullable KeyMaterial to) throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement(
            """
            SELECT columns, rows_changed, values_reencrypted FROM keyrotation.journal
             WHERE litellm_schema = ? AND rotation_id = ? AND direction = ? AND kind = 'Reencrypt'
               AND to_key = coalesce(?, to_key)
             ORDER BY written_at DESC LIMIT 1
            """)) {
      bind(statement, rotationId, direction);
      statement.setString(4, to == null ? null : to.fingerprint());
      try (ResultSet row = statement.executeQuery()) {
        return row.next()
            ? new DataCounts(row.getInt(1), row.getLong(2), row.getLong(3), 0, 0)
            : null;
      }
    }
  }

  void writeReencryption(RotationDatabase.Reencryption request, DataCounts counts)
      throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement(
            """
            INSERT INTO keyrotation.journal (litellm_schema, rotation_id, direction, kind, to_key,
                   owner, columns, rows_changed, values_reencrypted)
            VALUES (?, ?, ?, 'Reencrypt', ?, ?, ?, ?, ?)
            """)) {
      bind(statement, request.rotationId(), request.direction());
      statement.setString(4, request.to().fingerprint());
      statement.setString(5, request.owner().name());
      statement.setInt(6, counts.columns());
      statement.setLong(7, counts.rowsChanged());
      statement.setLong(8, counts.valuesReencrypted());
      statement.executeUpdate();
    }
  }

  /** Adds to what is written of a rotation's master key rows, and gives the sum. */
  MasterKeyRows addMasterKeyRows(
      DatabaseOwner owner,
      String rotationId,
      Direction direction,
      KeyMaterial to,
      MasterKeyRows more)
      throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement(
            """
            INSERT INTO keyrotation.journal AS j (litellm_schema, rotation_id, direction, kind,
                   to_key, owner, key_rows_found, key_rows_moved)
            VALUES (?, ?, ?, 'MasterKeyRows', ?, ?, ?, ?)
            ON CONFLICT (litellm_schema, rotation_id, direction, kind, to_key) DO UPDATE
               SET key_rows_found = j.key_rows_found + excluded.key_rows_found,
                   key_rows_moved = j.key_rows_moved + excluded.key_rows_moved
            RETURNING key_rows_found, key_rows_moved
            """)) {
      bind(statement, rotationId, direction);
      statement.setString(4, to.fingerprint());
      statement.setString(5, owner.name());
      statement.setInt(6, more.found());
      statement.setInt(7, more.moved());
      try (ResultSet row = statement.executeQuery()) {
        row.next();
        return new MasterKeyRows(row.getInt(1), row.getInt(2));
      }
    }
  }

  /** What is written of a rotation's master key rows in a direction; null when nothing is. */
  @Nullable MasterKeyRows masterKeyRows(String rotationId, Direction direction)
      throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement(
            """
            SELECT key_rows_found, key_rows_moved FROM keyrotation.journal
             WHERE litellm_schema = ? AND rotation_id = ? AND direction = ?
               AND kind = 'MasterKeyRows'
             ORDER BY written_at DESC LIMIT 1
            """)) {
      bind(statement, rotationId, direction);
      try (ResultSet row = statement.executeQuery()) {
        return row.next() ? new MasterKeyRows(row.getInt(1), row.getInt(2)) : null;
      }
    }
  }

  /** Adds to what is written of a rotation's ended dashboard sessions, and gives the sum. */
  EndedSessions addSessions(DatabaseOwner owner, String rotationId, int ended) throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement(
            """
            INSERT INTO keyrotation.journal AS j (litellm_schema, rotation_id, direction, kind,
                   to_key, owner, key_rows_found)
            VALUES (?, ?, ?, 'Sessions', '', ?, ?)
            ON CONFLICT (litellm_schema, rotation_id, direction, kind, to_key) DO UPDATE
               SET key_rows_found = j.key_rows_found + excluded.key_rows_found, written_at = now()
            RETURNING key_rows_found, written_at
            """)) {
      bind(statement, rotationId, Direction.FORWARD);
      statement.setString(4, owner.name());
      statement.setInt(5, ended);
      try (ResultSet row = statement.executeQuery()) {
        row.next();
        return sessions(row);
      }
    }
  }

  /** What is written of a rotation's ended dashboard sessions; null when nothing is. */
  @Nullable EndedSessions sessions(String rotationId) throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement(
            """
            SELECT key_rows_found, written_at FROM keyrotation.journal
             WHERE litellm_schema = ? AND rotation_id = ? AND direction = ? AND kind = 'Sessions'
            """)) {
      bind(statement, rotationId, Direction.FORWARD);
      try (ResultSet row = statement.executeQuery()) {
        return row.next() ? sessions(row) : null;
      }
    }
  }

  private static EndedSessions sessions(ResultSet row) throws SQLException {
    return new EndedSessions(row.getInt(1), row.getObject(2, OffsetDateTime.class).toInstant());
  }

  private void bind(PreparedStatement statement, String rotationId, Direction direction)
      throws SQLException {
    statement.setString(1, schema);
    statement.setString(2, rotationId);
    statement.setString(3, direction.name());
  }

  /** Deletes what was kept for the way back. */
  void deleteCopies(String rotationId) throws SQLException {
    for (String table : List.of("ciphertext_copy", "ended_row")) {
      try (PreparedStatement statement =
          connection.prepareStatement(
              "DELETE FROM keyrotation."
                  + table
                  + " WHERE litellm_schema = ? AND rotation_id = ?")) {
        statement.setString(1, schema);
        statement.setString(2, rotationId);
        statement.executeUpdate();
      }
    }
  }
}
