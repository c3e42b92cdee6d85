package dev.keyrotation.database;

import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.api.v1alpha1.DataCounts;
import dev.keyrotation.api.v1alpha1.Direction;
import dev.keyrotation.api.v1alpha1.Progress;
import dev.keyrotation.cipher.EncryptionKey;
import dev.keyrotation.database.Catalog.Table;
import dev.keyrotation.database.RotationDatabase.Finding;
import dev.keyrotation.database.RotationDatabase.Reencryption;
import dev.keyrotation.database.Tally.ColumnName;
import dev.keyrotation.failure.Recovery;
import dev.keyrotation.failure.RotationException;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Set;
import java.util.function.BiPredicate;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/**
 * One re-encryption, in the transaction of its connection: lock, search, read and write, read again
 * what was written, journal. What is not in order ends it, and with it all that was written.
 *
 * <p>Tables that LiteLLM seldom writes are locked against writes, reads go on. Keys, teams and
 * users are not, because every request needs them; nor are tables that only the search finds. There
 * a write that comes in between is noticed, because each UPDATE names the old value, and the whole
 * transaction starts over.
 */
final class Reencryptor {
  private static final String ROWS_READ = "rows read";
  private static final String ROWS_WRITTEN = "rows re-encrypted";
  private static final String ROWS_CHECKED = "rows checked";
  private static final int PROGRESS_EVERY = 500;

  private final Connection connection;
  private final String schema;
  private final Reencryption request;
  private final Consumer<Progress> progress;
  private final EncryptionKey from;
  private final EncryptionKey to;
  private final RowReader resealing;
  private final Deadline deadline;

  Reencryptor(
      Connection connection, String schema, Reencryption request, Consumer<Progress> progress) {
    this.connection = connection;
    this.schema = schema;
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
    lock(catalog);
    DataCounts counts = rewrite(catalog, search(catalog));
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
    long rows = 0;
    preferIndexes(true);
    for (Table table : catalog.tables().values()) {
      TableScan scan = TableScan.everything(catalog, table);
      if (scan.isEmpty()) {
        continue;
      }
      try (RowWriter writer = writer(catalog, scan, false)) {
        scan.forEach(connection, false, resealing, writer::write);
        writer.flush();
        rows += writer.rowsWritten();
      }
    }
    return rows;
  }

  private RowWriter writer(Catalog catalog, TableScan scan, boolean strict) throws SQLException {
    return new RowWriter(connection, catalog, scan.table(), request, strict);
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

  /** Looks into every column that is not on LiteLLM's list. */
  private Tally search(Catalog catalog) throws SQLException {
    List<TableScan> scans =
        scans(catalog, (table, column) -> !ColumnRole.of(table, column).listed());
    RowReader reader = RowReader.counting(from, to);
    Tally tally = new Tally();
    long estimate = estimate(scans);
    for (TableScan scan : scans) {
      scan.forEach(
          connection,
          false,
          reader,
          row -> {
            tally.add(scan.table(), row);
            tell(tally.rows(), estimate, ROWS_READ);
          });
      deadline.check();
    }
    told(tally.rows(), ROWS_READ);
    // Whether the key is the wrong one cannot be judged by these columns alone.
    requireInOrder(tally.blocking());
    return tally;
  }

  private static List<TableScan> scans(Catalog catalog, BiPredicate<String, String> wanted) {
    return catalog.tables().values().stream()
        .map(
            table ->
                TableScan.of(catalog, table, column -> wanted.test(table.name(), column.name())))
        .filter(scan -> !scan.isEmpty())
        .toList();
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
   * Rewrites the columns on LiteLLM's list and those in which the search found values, then reads
   * again what was written. Tables that instances write come last, so that their rows are held for
   * as short as can be.
   */
  private DataCounts rewrite(Catalog catalog, Tally found) throws SQLException {
    Set<ColumnName> besides =
        found.columns().stream()
            .map(c -> new ColumnName(c.table(), c.column()))
            .collect(Collectors.toSet());
    List<TableScan> scans =
        scans(
            catalog,
            (table, column) ->
                ColumnRole.of(table, column).listed()
                    || besides.contains(new ColumnName(table, column)));
    // Where instances may write beside us, other columns and new values are theirs to change.
    List<TableScan> ours = scans.stream().filter(this::isOursAlone).toList();
    List<TableScan> theirsToo = scans.stream().filter(scan -> !isOursAlone(scan)).toList();
    Tally tally = new Tally();
    long estimate = estimate(scans);
    check(ours, write(catalog, ours, tally, estimate));
    write(catalog, theirsToo, tally, estimate);
    told(tally.rows(), ROWS_WRITTEN);
    return new DataCounts(tally.columns().size(), tally.rowsCounted(), tally.total(), 0, 0);
  }

  /**
   * Whether nobody else can write the table until the commit: no instance runs, or it is locked.
   */
  private boolean isOursAlone(TableScan scan) {
    return !request.besideInstances() || ColumnRole.lockable(scan.table().name());
  }

  /** What the rows written have to be afterwards. */
  private RowDigests write(Catalog catalog, List<TableScan> scans, Tally tally, long estimate)
      throws SQLException {
    preferIndexes(true);
    RowDigests digests = new RowDigests();
    for (TableScan scan : scans) {
      try (RowWriter writer = writer(catalog, scan, true)) {
        scan.forEach(
            connection,
            true,
            resealing,
            row -> {
              tally.add(scan.table(), row);
              if (row.changes()) {
                digests.add(row);
                writer.write(row);
              }
              tell(tally.rows(), estimate, ROWS_WRITTEN);
              deadline.check();
            });
        writer.flush();
      }
    }
    requireInOrder(tally.findings());
    return digests;
  }

  /**
   * Reads what was written as anybody will read it after the commit. Every value that was written
   * has been opened again before, so it is enough that the text is the same; and nothing else in
   * the rows may differ: a trigger could have changed it.
   */
  private void check(List<TableScan> scans, RowDigests written) throws SQLException {
    preferIndexes(false);
    RowDigests found = new RowDigests();
    RowReader reader = RowReader.verbatim();
    for (TableScan scan : scans) {
      scan.ofWritten(request.rotationId(), request.direction())
          .forEach(
              connection,
              true,
              reader,
              row -> {
                found.add(row);
                deadline.check();
                tell(found.rows(), written.rows(), ROWS_CHECKED);
              });
    }
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

  /** By the server's statistics; rows without a value are among them. */
  private static long estimate(List<TableScan> scans) {
    return scans.stream().mapToLong(s -> Math.max(0, s.table().estimatedRows())).sum();
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
