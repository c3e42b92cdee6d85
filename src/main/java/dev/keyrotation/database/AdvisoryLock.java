package dev.keyrotation.database;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;

/**
 * One writer at a time per LiteLLM schema. The lock ends with its transaction, whatever becomes of
 * the client.
 */
final class AdvisoryLock {
  /** "keyr": the class of all our locks, so that they meet nobody else's. */
  private static final int CLASS = 0x6b657972;

  private AdvisoryLock() {}

  /** Waits as long as {@code lock_timeout} allows. */
  static void acquire(Connection connection, String schema) throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement("SELECT pg_advisory_xact_lock(?, hashtext(?))")) {
      bind(statement, schema);
      statement.execute();
    }
  }

  /** Whether it is ours now; false when another transaction holds it. */
  static boolean tryAcquire(Connection connection, String schema) throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement("SELECT pg_try_advisory_xact_lock(?, hashtext(?))")) {
      bind(statement, schema);
      try (ResultSet row = statement.executeQuery()) {
        row.next();
        return row.getBoolean(1);
      }
    }
  }

  private static void bind(PreparedStatement statement, String schema) throws SQLException {
    statement.setInt(1, CLASS);
    statement.setString(2, schema);
  }
}
