package dev.keyrotation.database;

import dev.keyrotation.database.RowReader.RowReading;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The rows of some scans, in order, read ahead of whoever visits them: one thread fetches them,
 * others read the values in them side by side, and the visitor is busy with those before. So the
 * server and this process seldom wait for each other. Only a few batches are held at any time.
 */
final class RowsAhead {
  static final String THREAD = "keyrotation-rows";

  private static final int BATCHES = 4;

  private static final Duration HEARTBEAT = Duration.ofSeconds(10);

  /** SQLSTATE of a statement that was ended from outside. */
  private static final String INTERRUPTED = "57014";

  private static final Duration STOP_AGAIN = Duration.ofMillis(200);

  private final Connection connection;
  private final List<TableScan> scans;
  private final RowReader reader;
  private final BlockingQueue<Ahead<Batch>> batches = new ArrayBlockingQueue<>(BATCHES);
  private final Duration heartbeat;
  private long nextHeartbeat;
  private volatile boolean wanted = true;
  private volatile @Nullable Statement running;

  /** Rows of one scan; no scan when there are no more. */
  private record Batch(@Nullable TableScan scan, List<RowReading> rows) {
    static final Batch END = new Batch(null, List.of());
  }

  /** What is done with each row. */
  @FunctionalInterface
  interface Visitor {
    void visit(TableScan scan, RowReading row) throws SQLException;

    /** Comes after the last row of a scan that had any. */
    default void end() throws SQLException {}

    /** Comes every few seconds, between rows and while none comes. */
    default void heartbeat() throws SQLException {}
  }

  private RowsAhead(
      Connection connection, List<TableScan> scans, RowReader reader, Duration heartbeat) {
    this.connection = connection;
    this.scans = scans;
    this.reader = reader;
    this.heartbeat = heartbeat;
    this.nextHeartbeat = System.nanoTime() + heartbeat.toNanos();
  }

  /**
   * Visits all rows. The visitor may use {@code connection} too; the two then take turns with it.
   */
  static void forEach(
      Connection connection, List<TableScan> scans, RowReader reader, Visitor visitor)
      throws SQLException {
    forEach(connection, scans, reader, HEARTBEAT, visitor);
  }

  /** With a heartbeat of another length. */
  static void forEach(
      Connection connection,
      List<TableScan> scans,
      RowReader reader,
      Duration heartbeat,
      Visitor visitor)
      throws SQLException {
    RowsAhead rows = new RowsAhead(connection, scans, reader, heartbeat);
    // A virtual thread that waits for the server costs more than this one, by far.
    Thread fetching = Thread.ofPlatform().daemon().name(THREAD).start(rows::fetch);
    try {
      rows.visit(visitor);
    } finally {
      rows.stop(fetching);
    }
  }

  private void fetch() {
    try (Statement statement = connection.createStatement()) {
      running = statement;
      for (TableScan scan : TableScan.withRows(connection, scans)) {
        scan.read(
            statement, batch -> put(Ahead.of(() -> new Batch(scan, reader.read(scan, batch)))));
        if (!wanted) {
          return;
        }
      }
      put(Ahead.of(() -> Batch.END));
    } catch (SQLException | RuntimeException | Error e) {
      put(
          Ahead.of(
              () -> {
                throw e;
              }));
    }
  }

  /** Waits for a free place; false when nobody wants more. */
  private boolean put(Ahead<Batch> batch) {
    try {
      while (wanted) {
        if (batches.offer(batch, STOP_AGAIN.toMillis(), TimeUnit.MILLISECONDS)) {
          return true;
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return false;
  }

  private void visit(Visitor visitor) throws SQLException {
    TableScan last = null;
    for (Batch batch = take(visitor); batch.scan() != null; batch = take(visitor)) {
      if (last != null && last != batch.scan()) {
        visitor.end();
      }
      last = batch.scan();
      for (RowReading row : batch.rows()) {
        visitor.visit(last, row);
      }
    }
    if (last != null) {
      visitor.end();
    }
  }

  private Batch take(Visitor visitor) throws SQLException {
    try {
      while (true) {
        long left = nextHeartbeat - System.nanoTime();
        if (left <= 0) {
          visitor.heartbeat();
          nextHeartbeat = System.nanoTime() + heartbeat.toNanos();
        }
        Ahead<Batch> batch = batches.poll(Math.max(left, 0), TimeUnit.NANOSECONDS);
        if (batch != null) {
          return batch.get();
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new SQLException("interrupted", INTERRUPTED);
    }
  }

  /** Nobody uses the connection any more when this returns. */
  private void stop(Thread fetching) {
    wanted = false;
    boolean interrupted = Thread.interrupted();
    while (fetching.isAlive()) {
      try {
        if (!fetching.join(STOP_AGAIN)) {
          cancel();
        }
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private void cancel() {
    Statement statement = running;
    if (statement != null) {
      try {
        statement.cancel();
      } catch (SQLException e) {
        // Then it goes on to its own end, which the server's statement_timeout bounds.
      }
    }
  }
}
