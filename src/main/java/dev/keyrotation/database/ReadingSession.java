package dev.keyrotation.database;

import dev.keyrotation.database.Connections.Limits;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;

/**
 * Where a re-encryption reads: a session of its own, so that the server reads and writes at the
 * same time; or that of the writes, when the server or a pooler has none left.
 *
 * <p>The second session does not see what the first has not committed, and need not: each row is
 * read once, before it is written. What others commit it sees with each statement, so what is read
 * after the first has locked a table stays true.
 */
final class ReadingSession implements AutoCloseable {
  /** A pooler lets clients wait for a session; the first one holds locks meanwhile. */
  private static final Duration PATIENCE = Duration.ofSeconds(5);

  private final Connection connection;
  private final boolean own;

  private ReadingSession(Connection connection, boolean own) {
    this.connection = connection;
    this.own = own;
  }

  /**
   * Opens a session that reads {@code tables} beside {@code writing}. It holds the weakest lock on
   * them from now on: if it took them one by one, a change of a table's columns could come to stand
   * between the two sessions, and neither would go on.
   */
  static ReadingSession beside(
      Connection writing, Connections connections, Limits limits, List<String> tables) {
    try {
      Connection connection = connections.second(limits, PATIENCE);
      try (Statement statement = connection.createStatement()) {
        statement.execute("LOCK TABLE " + String.join(", ", tables) + " IN ACCESS SHARE MODE");
        return new ReadingSession(connection, true);
      } catch (SQLException e) {
        connection.close();
        throw e;
      }
    } catch (SQLException e) {
      return new ReadingSession(writing, false);
    }
  }

  Connection connection() {
    return connection;
  }

  /** Ends the session. Nothing that it locked stays locked, not even for as long as it hangs up. */
  @Override
  public void close() throws SQLException {
    if (own) {
      try (connection) {
        connection.rollback();
      }
    }
  }
}
