package dev.keyrotation.database;

import dev.keyrotation.failure.RotationException;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.postgresql.ds.PGSimpleDataSource;

/**
 * One connection per operation. A rotation needs a handful, minutes apart; a pool would only keep
 * sessions open that stand in the way of whoever wants the database for himself.
 */
final class Connections {
  /** How our sessions are told from those of LiteLLM. */
  static final String APPLICATION_NAME = "keyrotation";

  static final int CONNECT_SECONDS = 10;

  /** An answer may come later than the statement's own bound by the way through the network. */
  private static final int GRACE_SECONDS = 15;

  private final ConnectionUrl url;
  private final String schema;

  /** {@code schema} is the one that holds LiteLLM's tables. */
  Connections(ConnectionUrl url, String schema) {
    this.url = url;
    this.schema = schema;
  }

  String schema() {
    return schema;
  }

  ConnectionUrl url() {
    return url;
  }

  /** What is done with a connection. */
  @FunctionalInterface
  interface Work<T> {
    T with(Connection connection) throws SQLException;
  }

  /**
   * Runs {@code work} in one transaction and commits it.
   *
   * @param doing what is done, for messages: "reading the journal"
   */
  <T> T inTransaction(String doing, Limits limits, Work<T> work) {
    boolean committing = false;
    try (Connection connection = open(limits)) {
      T result = work.with(connection);
      committing = true;
      connection.commit();
      return result;
    } catch (SQLException e) {
      // Closing the connection has ended the transaction, whatever state it was in.
      throw committing ? SqlFailures.atCommit(e, doing) : SqlFailures.of(e, doing);
    }
  }

  /**
   * A connection as an instance makes it: its name is in the first packet, and each statement is a
   * transaction of its own.
   */
  Connection named(String applicationName) throws SQLException {
    PGSimpleDataSource source = url.dataSource(CONNECT_SECONDS + GRACE_SECONDS);
    source.setApplicationName(applicationName);
    source.setAssumeMinServerVersion("12");
    return source.getConnection();
  }

  /**
   * A transaction beside another one, for reads. A server that has no session left says so; a
   * pooler says nothing, so the first answer has to come within {@code patience}.
   */
  Connection second(Limits limits, Duration patience) throws SQLException {
    return open(limits, patience);
  }

  private Connection open(Limits limits) throws SQLException {
    return open(limits, null);
  }

  private Connection open(Limits limits, @Nullable Duration patience) throws SQLException {
    int seconds = Math.toIntExact(Math.min(limits.statement().toSeconds(), 86_400));
    Connection connection = connect(seconds + GRACE_SECONDS);
    try {
      connection.setAutoCommit(false);
      int usual = connection.getNetworkTimeout();
      if (patience != null) {
        connection.setNetworkTimeout(Runnable::run, Math.toIntExact(patience.toMillis()));
      }
      limits.apply(connection, schema);
      connection.setNetworkTimeout(Runnable::run, usual);
      return connection;
    } catch (SQLException e) {
      connection.close();
      throw e;
    }
  }

  private Connection connect(int socketSeconds) throws SQLException {
    try {
      return url.dataSource(socketSeconds).getConnection();
    } catch (SQLException e) {
      RotationException distrust = url.trust().failure(e);
      if (distrust != null) {
        throw distrust;
      }
      throw e;
    }
  }

  /**
   * Bounds of a transaction, set for it alone, so that they also hold behind a pooler.
   *
   * @param statement for each statement, and on servers that know it for the whole transaction
   * @param lock for each wait for a lock
   */
  record Limits(Duration statement, Duration lock, boolean readOnly) {
    /** For the few rows of our own schema and the token table. */
    static final Limits SHORT = new Limits(Duration.ofSeconds(30), Duration.ofSeconds(5), false);

    private static final int TRANSACTION_TIMEOUT_SINCE = 17;

    /**
     * Lets the server look in mid-statement whether its client is still there, so that locks go
     * with the process that took them. PostgreSQL has it since 14, and not on every system.
     */
    private static final String MISS_DEAD_CLIENT =
        """
        SELECT set_config('client_connection_check_interval', '2s', true)
         WHERE current_setting('client_connection_check_interval', true) IS NOT NULL
           AND version() LIKE '%linux%';
        """;

    /** LiteLLM's own transactions are short; who waits longer stands behind something stuck. */
    private static final Duration LONGEST_LOCK_WAIT = Duration.ofSeconds(10);

    private static final Duration LONGEST_SILENCE = Duration.ofMinutes(1);

    /** For a re-encryption that may take {@code timeout}. */
    static Limits of(Duration timeout) {
      Duration wait = timeout.compareTo(LONGEST_LOCK_WAIT) < 0 ? timeout : LONGEST_LOCK_WAIT;
      return new Limits(timeout, wait, false);
    }

    /** The same, and nothing can be written. */
    Limits reading() {
      return new Limits(statement, lock, true);
    }

    void apply(Connection connection, String schema) throws SQLException {
      StringBuilder sql = new StringBuilder();
      // What a role has by default may be stricter: a snapshot older than our locks would miss
      // rows.
      sql.append("SET TRANSACTION ISOLATION LEVEL READ COMMITTED, READ ")
          .append(readOnly ? "ONLY;" : "WRITE;");
      local(sql, "statement_timeout", statement.toMillis());
      local(sql, "lock_timeout", lock.toMillis());
      // A transaction whose client has died without a word must not keep its locks. One that only
      // reads has none that hold up LiteLLM, and may wait for the writes beside it.
      Duration idle = readOnly ? statement : LONGEST_SILENCE;
      local(sql, "idle_in_transaction_session_timeout", idle.toMillis());
      if (connection.getMetaData().getDatabaseMajorVersion() >= TRANSACTION_TIMEOUT_SINCE) {
        local(sql, "transaction_timeout", statement.toMillis());
      }
      sql.append(MISS_DEAD_CLIENT);
      // Our names are always qualified. LiteLLM's own triggers name its tables without the schema
      // (since 1.108 one on the MCP tables does), so they have to be found; and nobody's temporary
      // tables get in between.
      sql.append("SET LOCAL search_path = pg_catalog, ")
          .append(Sql.name(schema))
          .append(", pg_temp;");
      sql.append("SET LOCAL TimeZone = 'UTC'");
      try (var statement = connection.createStatement()) {
        statement.execute(sql.toString());
      }
    }

    private static void local(StringBuilder sql, String name, long millis) {
      sql.append("SET LOCAL ").append(name).append(" = ").append(millis).append(';');
    }
  }
}
