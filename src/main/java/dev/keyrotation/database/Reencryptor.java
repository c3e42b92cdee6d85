package dev.keyrotation.database;

import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.api.v1alpha1.DataCounts;
import dev.keyrotation.api.v1alpha1.Direction;
import dev.keyrotation.api.v1alpha1.Progress;
import dev.keyrotation.cipher.EncryptionKey;
import dev.keyrotation.database.Catalog.Table;
import dev.keyrotation.database.Connections.Limits;
import dev.keyrotation.database.RotationDatabase.Finding;
import dev.keyrotation.database.RotationDatabase.Reencryption;
import dev.keyrotation.database.RowReader.RowReading;
import dev.keyrotation.failure.Recovery;
import dev.keyrotation.failure.RotationException;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Comparator;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * One re-encryption, in the transaction of its connection: lock, read and write, compare what was
 * written, journal. What is not in order ends it, and with it all that was written.
 *
 * <p>Tables that LiteLLM seldom writes are locked against writes, reads go on. Keys, teams and
 * users are not, because every request needs them; nor are tables that only the search finds. There
 * a write that comes in between is noticed, because each UPDATE names the old value, and the whole
 * transaction starts over.
 */
final class Reencryptor {
  private static final String ROWS_WRITTEN = "rows re-encrypted";
  private static final String ROWS_CHECKED = "rows checked";
  private static final int PROGRESS_EVERY = 500;

  private final Connection connection;
  private final Connections connections;
  private final String schema;
  private final Reencryption request;
  private final Consumer<Progress> progress;
  private final EncryptionKey from;
  private final EncryptionKey to;
  private final RowReader resealing;
  private final Deadline deadline;

  Reencryptor(
      Connection connection,
      Connections connections,
      Reencryption request,
      Consumer<Progress> progress) {
    this.connection = connection;
    this.connections = connections;
    this.schema = connections.schema();
    this.request = request;
    this.progress = progress;
    this.from = new EncryptionKey(request.from());
    this.to = new EncryptionKey(request.to());
    this.resealing = RowReader.resealing(from, to);
    this.deadline = Deadline.in(request.timeout());
  }

  DataCounts run() throws SQLException {
    AdvisoryLock.acquire(connection, schema);
    JournalRows journal = new JournalRows(connection, schema);
    DataCounts done = journal.reencryption(request.rotationId(), request.direction(), request.to());
    if (done != null) {
      return done;
    }
    refuseAfterRollBack(journal);
    Claim.take(connection, schema, request.owner());
    Catalog catalog = Catalog.read(connection, schema);
    catalog.requireAllRowsVisible();
    DataCounts counts = rewrite(catalog);
    // Last, because it locks readers out until the commit.
    new FencePolicies(connection, schema)
        .set(catalog, request.rotationId(), request.fenced(), request.admitted());
    journal.writeReencryption(request, counts);
    return counts;
  }

  /**
   * Takes what other processes have written under the old key since, in place of a rewrite: nothing
   * is locked, and what changes while it is read is left for the next time. Gives the rows written.
   */
  long sweep() throws SQLException {
    AdvisoryLock.acquire(connection, schema);
    Claim.take(connection, schema, request.owner());
    JournalRows journal = new JournalRows(connection, schema);
    if (journal.reencryption(request.rotationId(), request.direction(), request.to()) == null) {
      throw new RotationException(
          ConditionReason.REENCRYPTION_FAILED,
          Recovery.HALT,
          "Rotation "
              + request.rotationId()
              + " has not re-encrypted this database, so there is nothing to sweep after it.");
    }
    refuseAfterRollBack(journal);
    Catalog catalog = Catalog.read(connection, schema);
    catalog.requireAllRowsVisible();
    Rewriting rewriting = new Rewriting(catalog, false);
    rewriting.run(connection, TableScan.all(catalog));
    return rewriting.rowsWritten;
  }

  /** A process that slept through a roll back must not go on where it was. */
  private void refuseAfterRollBack(JournalRows journal) throws SQLException {
    if (request.direction() == Direction.FORWARD
        && journal.reencryption(request.rotationId(), Direction.ROLL_BACK, request.from())
            != null) {
      throw new RotationException(
          ConditionReason.REENCRYPTION_FAILED,
          Recovery.HALT,
          "Rotation "
              + request.rotationId()
              + " was rolled back; its values are not taken to its new key any more.");
    }
  }

  private void lock(Catalog catalog) throws SQLException {
    String tables =
        catalog.tables().keySet().stream()
            .filter(ColumnRole::lockable)
            .sorted()
            .map(catalog::sql)
            .collect(Collectors.joining(", "));
    if (!tables.isEmpty()) {
      try (Statement statement = connection.createStatement()) {
        statement.execute("LOCK TABLE " + tables + " IN SHARE ROW EXCLUSIVE MODE");
      }
    }
  }

  /**
   * Rewrites whatever holds values. Tables that instances write come last, after all that can be
   * compared has been, and those with most of the values at the very end: their rows are held for
   * as short as can be.
   */
  private DataCounts rewrite(Catalog catalog) throws SQLException {
    List<TableScan> scans = TableScan.all(catalog);
    List<TableScan> ours =
        scans.stream()
            .filter(scan -> isOursAlone(scan.table()))
            .map(scan -> scan.table().selfWritten() ? scan.whole() : scan)
            .toList();
    List<TableScan> theirsToo =
        scans.stream()
            .filter(scan -> !isOursAlone(scan.table()))
            .sorted(Comparator.comparing(scan -> ColumnRole.isListed(scan.table().name())))
            .toList();
    Rewriting rewriting = new Rewriting(catalog, true);
    try (ReadingSession reading = readingSession(catalog, scans)) {
      lock(catalog);
      rewriting.run(reading.connection(), ours);
      compare(ours, rewriting.written);
      rewriting.run(reading.connection(), theirsToo);
    }
    Tally tally = rewriting.tally;
    told(tally.rows(), ROWS_WRITTEN);
    requireInOrder(tally.findings());
    return new DataCounts(tally.columns().size(), tally.rowsCounted(), tally.total(), 0, 0);
  }

  private ReadingSession readingSession(Catalog catalog, List<TableScan> scans) {
    return ReadingSession.beside(
        connection,
        connections,
        Limits.of(request.timeout()).reading(),
        scans.stream().map(scan -> catalog.sql(scan.table().name())).toList());
  }

  /**
   * Whether nobody else can write the table until the commit: no instance runs, or it is locked.
   */
  private boolean isOursAlone(Table table) {
    return !request.besideInstances() || ColumnRole.lockable(table.name());
  }

  /** Writes the rows with new values, table by table. */
  private final class Rewriting implements RowsAhead.Visitor {
    private final Catalog catalog;
    private final boolean strict;
    private final Tally tally = new Tally();

    /** What rows that are compared later have to be then. */
    private final RowDigests written = new RowDigests();

    private final long estimate;
    private long rowsWritten;
    private @Nullable RowWriter writer;

    Rewriting(Catalog catalog, boolean strict) {
      this.catalog = catalog;
      this.strict = strict;
      this.estimate = estimate(catalog);
    }

    /** Reads by {@code reading}, which may be the session that writes. */
    void run(Connection reading, List<TableScan> scans) throws SQLException {
      preferIndexes(true);
      try {
        RowsAhead.forEach(reading, scans, resealing, this);
      } finally {
        if (writer != null) {
          writer.close();
        }
      }
    }

    @Override
    public void visit(TableScan scan, RowReading row) throws SQLException {
      tally.add(scan.table(), row);
      if (row.changes()) {
        if (row.hash() != null) {
          written.add(row);
        }
        if (writer == null) {
          writer = new RowWriter(connection, catalog, scan.table(), request, strict);
        }
        writer.write(row);
      }
      tell(tally.rows(), estimate, ROWS_WRITTEN);
      deadline.check();
    }

    @Override
    public void end() throws SQLException {
      if (writer != null) {
        writer.flush();
        rowsWritten += writer.rowsWritten();
        writer.close();
        writer = null;
      }
    }

    /** The server ends a transaction that is silent for a minute. */
    @Override
    public void heartbeat() throws SQLException {
      deadline.check();
      try (Statement statement = connection.createStatement()) {
        statement.execute("SELECT 1");
      }
    }
  }

  /**
   * The server joins a batch to its table row by row, whatever it believes of the table's size: a
   * table that was filled lately could be read whole for each batch otherwise.
   */
  private void preferIndexes(boolean wanted) throws SQLException {
    String setting = wanted ? "off" : "DEFAULT";
    try (Statement statement = connection.createStatement()) {
      statement.execute("SET LOCAL enable_hashjoin = " + setting);
      statement.execute("SET LOCAL enable_mergejoin = " + setting);
    }
  }

  private static void requireInOrder(List<Finding> findings) {
    if (!findings.isEmpty()) {
      Finding first = findings.getFirst();
      throw new RotationException(
          first.reason(),
          Recovery.ROLL_BACK,
          first.message()
              + (findings.size() > 1
                  ? " There are " + (findings.size() - 1) + " more such findings."
                  : "")
              + " Nothing was changed.");
    }
  }

  /**
   * Where an UPDATE may do more than it says, reads the rows written again, as anybody will read
   * them after the commit. Every value that was written has been opened again before, so it is
   * enough that the text is the same; and nothing else in the rows may differ: a trigger could have
   * changed it. Where instances may write beside us other columns are theirs to change.
   */
  private void compare(List<TableScan> ours, RowDigests written) throws SQLException {
    if (written.rows() == 0) {
      return;
    }
    preferIndexes(false);
    List<TableScan> again =
        ours.stream()
            .filter(scan -> scan.table().selfWritten())
            .map(scan -> scan.ofWritten(request.rotationId(), request.direction()))
            .toList();
    RowDigests found = new RowDigests();
    RowsAhead.forEach(
        connection,
        again,
        RowReader.verbatim(),
        (scan, row) -> {
          found.add(row);
          deadline.check();
          tell(found.rows(), written.rows(), ROWS_CHECKED);
        });
    told(found.rows(), ROWS_CHECKED);
    if (found.rows() != written.rows()) {
      throw failed("of " + written.rows() + " rows written " + found.rows() + " were found again");
    }
    if (!found.equals(written)) {
      throw failed("a row is not what was written, perhaps because of a trigger");
    }
  }

  private static RotationException failed(String what) {
    return new RotationException(
        ConditionReason.REENCRYPTION_FAILED,
        Recovery.ROLL_BACK,
        "The check before COMMIT failed: " + what + ". Nothing was committed.");
  }

  /** By the server's statistics, of the tables that are known to hold values. */
  private static long estimate(Catalog catalog) {
    return catalog.tables().values().stream()
        .filter(table -> ColumnRole.isListed(table.name()))
        .mapToLong(table -> Math.max(0, table.estimatedRows()))
        .sum();
  }

  private void tell(long done, long total, String unit) {
    if (done == 1 || done % PROGRESS_EVERY == 0) {
      progress.accept(new Progress(done, Math.max(done, total), unit));
    }
  }

  private void told(long done, String unit) {
    progress.accept(new Progress(done, done, unit));
  }
}
