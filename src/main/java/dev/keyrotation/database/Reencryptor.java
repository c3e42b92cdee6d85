package dev.keyrotation.database;

import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.api.v1alpha1.DataCounts;
import dev.keyrotation.api.v1alpha1.Direction;
import dev.keyrotation.api.v1alpha1.Progress;
import dev.keyrotation.cipher.EncryptionKey;
import dev.keyrotation.database.Catalog.Table;
import dev.keyrotation.database.RotationDatabase.Finding;
import dev.keyrotation.database.RotationDatabase.Reencryption;
import dev.keyrotation.failure.Recovery;
import dev.keyrotation.failure.RotationException;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/**
 * One re-encryption, in the transaction of its connection: lock, read everything, write, read again
 * what was written, journal. Nothing is written before everything has been read and found in order.
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
  private final Deadline deadline;

  Reencryptor(
      Connection connection, String schema, Reencryption request, Consumer<Progress> progress) {
    this.connection = connection;
    this.schema = schema;
    this.request = request;
    this.progress = progress;
    this.from = new EncryptionKey(request.from());
    this.to = new EncryptionKey(request.to());
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
    Tally before = read(everything(catalog));
    requireInOrder(before);
    DataCounts counts = rewrite(catalog, before);
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
    for (TableScan scan : everything(catalog)) {
      try (RowWriter writer = writer(catalog, scan, false)) {
        scan.forEach(connection, false, writer::write);
        writer.flush();
        rows += writer.rowsWritten();
      }
    }
    return rows;
  }

  private static List<TableScan> everything(Catalog catalog) {
    return catalog.tables().values().stream()
        .map(table -> TableScan.everything(catalog, table))
        .filter(scan -> !scan.isEmpty())
        .toList();
  }

  private RowWriter writer(Catalog catalog, TableScan scan, boolean strict) throws SQLException {
    return new RowWriter(connection, catalog, scan.table(), request, from, to, strict);
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

  private Tally read(List<TableScan> scans) throws SQLException {
    Tally tally = new Tally(from, to);
    long estimate = scans.stream().mapToLong(s -> Math.max(0, s.table().estimatedRows())).sum();
    for (TableScan scan : scans) {
      scan.forEach(
          connection,
          false,
          row -> {
            tally.add(scan.table(), row);
            tell(tally.rows(), Math.max(estimate, tally.rows()), ROWS_READ);
          });
      deadline.check();
    }
    return tally;
  }

  private static void requireInOrder(Tally tally) {
    List<Finding> findings = tally.findings();
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

  /** Rewrites the tables that hold values, then reads them again. */
  private DataCounts rewrite(Catalog catalog, Tally before) throws SQLException {
    List<TableScan> scans = new ArrayList<>();
    for (Table table : catalog.tables().values()) {
      Set<String> columns =
          before.columns().stream()
              .filter(c -> c.table().equals(table.name()))
              .map(RotationDatabase.ColumnCount::column)
              .collect(Collectors.toSet());
      if (!columns.isEmpty()) {
        scans.add(
            new TableScan(
                catalog,
                table,
                table.columns().values().stream()
                    .filter(c -> columns.contains(c.name()))
                    .toList()));
      }
    }
    // Where instances may write beside us, other columns and new values are theirs to change.
    List<TableScan> ours = scans.stream().filter(this::isOursAlone).toList();
    List<TableScan> theirsToo = scans.stream().filter(scan -> !isOursAlone(scan)).toList();
    RowDigests digests = new RowDigests();
    Tally exact = new Tally(from, to);
    write(catalog, ours, exact, digests, 0, before.rowsCounted());
    Tally shared = new Tally(from, to);
    long done = exact.rowsCounted();
    write(catalog, theirsToo, shared, new RowDigests(), done, before.rowsCounted());
    check(ours, exact, digests);
    return new DataCounts(
        exact.columns().size() + shared.columns().size(),
        exact.rowsCounted() + shared.rowsCounted(),
        exact.total() + shared.total(),
        0,
        0);
  }

  /**
   * Whether nobody else can write the table until the commit: no instance runs, or it is locked.
   */
  private boolean isOursAlone(TableScan scan) {
    return !request.besideInstances() || ColumnRole.lockable(scan.table().name());
  }

  private void write(
      Catalog catalog,
      List<TableScan> scans,
      Tally tally,
      RowDigests digests,
      long done,
      long expected)
      throws SQLException {
    for (TableScan scan : scans) {
      try (RowWriter writer = writer(catalog, scan, true)) {
        scan.forEach(
            connection,
            true,
            row -> {
              if (tally.add(scan.table(), row)) {
                digests.add(scan.table(), row);
                writer.write(row);
              }
              deadline.check();
              long rows = done + tally.rowsCounted();
              tell(rows, Math.max(expected, rows), ROWS_WRITTEN);
            });
        writer.flush();
      }
    }
    requireInOrder(tally);
  }

  /**
   * Reads what was written as anybody will read it after the commit. No value may be left under the
   * old key, none lost, and nothing else in the rows touched may differ: a trigger could have
   * changed it.
   */
  private void check(List<TableScan> scans, Tally written, RowDigests digests) throws SQLException {
    Tally after = new Tally(to, from);
    RowDigests digestsAfter = new RowDigests();
    for (TableScan scan : scans) {
      scan.forEach(
          connection,
          true,
          row -> {
            if (after.add(scan.table(), row)) {
              digestsAfter.add(scan.table(), row);
            }
            deadline.check();
            tell(
                after.rowsCounted(),
                Math.max(written.rowsCounted(), after.rowsCounted()),
                ROWS_CHECKED);
          });
    }
    long expected = written.total() + written.underOtherKeys();
    if (after.underOtherKeys() != 0) {
      throw failed(after.underOtherKeys() + " values are still under the old key");
    }
    if (after.total() != expected) {
      throw failed("of " + expected + " values " + after.total() + " open under the new key");
    }
    if (!digestsAfter.equals(digests)) {
      throw failed("something else than ciphertext changed in the rows touched, perhaps a trigger");
    }
  }

  private static RotationException failed(String what) {
    return new RotationException(
        ConditionReason.REENCRYPTION_FAILED,
        Recovery.ROLL_BACK,
        "The check before COMMIT failed: " + what + ". Nothing was committed.");
  }

  private void tell(long done, long total, String unit) {
    if (done == 1 || done % PROGRESS_EVERY == 0 || done == total) {
      progress.accept(new Progress(done, total, unit));
    }
  }
}
