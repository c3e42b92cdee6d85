package dev.keyrotation.database;

import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.cipher.EncryptionKey;
import dev.keyrotation.cipher.Reading;
import dev.keyrotation.cipher.StoredValue;
import dev.keyrotation.cipher.ValueReader;
import dev.keyrotation.database.Catalog.Column;
import dev.keyrotation.database.Catalog.Table;
import dev.keyrotation.database.RotationDatabase.Reencryption;
import dev.keyrotation.failure.Recovery;
import dev.keyrotation.failure.RotationException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Writes re-encrypted cells of one table in batches, one UPDATE per row that sets nothing but these
 * cells, and copies what they replace. Each UPDATE also names the old value: a row that somebody
 * changed since it was read is not written.
 */
final class RowWriter implements AutoCloseable {
  private static final int BATCH_ROWS = 200;

  private final Connection connection;
  private final Catalog catalog;
  private final Table table;
  private final Reencryption request;
  private final ValueReader reader;
  private final EncryptionKey from;
  private final EncryptionKey to;
  private final PreparedStatement copy;

  /** One statement for each set of columns that changes together. */
  private final Map<List<String>, PreparedStatement> updates = new LinkedHashMap<>();

  private final boolean strict;
  private int pending;
  private long rowsWritten;

  /** A cell that changes. */
  private record Change(Column column, String before, String after) {}

  RowWriter(
      Connection connection,
      Catalog catalog,
      Table table,
      Reencryption request,
      EncryptionKey from,
      EncryptionKey to,
      boolean strict)
      throws SQLException {
    this.connection = connection;
    this.catalog = catalog;
    this.table = table;
    this.request = request;
    this.reader = new ValueReader(from);
    this.from = from;
    this.to = to;
    this.strict = strict;
    this.copy =
        connection.prepareStatement(
            """
            INSERT INTO keyrotation.ciphertext_copy (litellm_schema, rotation_id, direction,
                   table_name, row_id, column_name, old_value)
            VALUES (?, ?, ?, ?, ?, ?, ?)
            """);
  }

  /** Writes the row, with the next batch, when it has a value under the old key. */
  void write(TableScan.Row row) throws SQLException {
    List<Change> changes = new ArrayList<>();
    for (TableScan.Cell cell : row.cells()) {
      String before = cell.text();
      String after = before == null ? null : StoredValue.transform(before, this::reseal);
      if (before != null && after != null) {
        changes.add(new Change(cell.column(), before, after));
      }
    }
    if (changes.isEmpty()) {
      return;
    }
    addCopies(row, changes);
    addUpdate(row, changes);
    if (++pending >= BATCH_ROWS) {
      flush();
    }
  }

  private @Nullable String reseal(String leaf) {
    return reader.read(leaf) instanceof Reading.Opened opened && opened.by() == from
        ? opened.reseal(to)
        : null;
  }

  private void addCopies(TableScan.Row row, List<Change> changes) throws SQLException {
    for (Change change : changes) {
      copy.setString(1, catalog.schema());
      copy.setString(2, request.rotationId());
      copy.setString(3, request.direction().name());
      copy.setString(4, table.name());
      copy.setString(5, row.id());
      copy.setString(6, change.column().name());
      copy.setString(7, change.before());
      copy.addBatch();
    }
  }

  private void addUpdate(TableScan.Row row, List<Change> changes) throws SQLException {
    List<String> columns = changes.stream().map(c -> c.column().name()).toList();
    PreparedStatement update = updates.get(columns);
    if (update == null) {
      update = connection.prepareStatement(updateSql(changes));
      updates.put(columns, update);
    }
    int parameter = 1;
    for (Change change : changes) {
      update.setString(parameter++, change.after());
    }
    for (String part : place(row)) {
      update.setString(parameter++, part);
    }
    for (Change change : changes) {
      update.setString(parameter++, change.before());
    }
    update.addBatch();
  }

  private String updateSql(List<Change> changes) {
    String assignments =
        changes.stream()
            .map(c -> Sql.name(c.column().name()) + " = " + fromText(c.column()))
            .collect(Collectors.joining(", "));
    String unchanged =
        changes.stream()
            .map(c -> TableScan.asText(c.column(), "") + " = ?")
            .collect(Collectors.joining(" AND "));
    return "UPDATE "
        + catalog.sql(table.name())
        + " SET "
        + assignments
        + " WHERE "
        + place()
        + " AND "
        + unchanged
        + changes.stream().map(c -> onlyFlat(c.column())).collect(Collectors.joining());
  }

  /**
   * By primary key, so that a row still counts as the same when somebody writes another column of
   * it (spend, all the time); by place where the key is missing or is no text.
   */
  private boolean byKey() {
    Set<String> texts =
        table.columns().values().stream()
            .filter(column -> column.kind() == Catalog.Kind.TEXT)
            .map(Column::name)
            .collect(Collectors.toSet());
    return !table.primaryKey().isEmpty() && texts.containsAll(table.primaryKey());
  }

  private String place() {
    if (!byKey()) {
      return "ctid = CAST(CAST(? AS text) AS tid)";
    }
    List<String> conditions = new ArrayList<>();
    for (int i = 0; i < table.primaryKey().size(); i++) {
      conditions.add(Sql.name(table.primaryKey().get(i)) + " = (CAST(? AS jsonb) ->> " + i + ")");
    }
    return String.join(" AND ", conditions);
  }

  private List<String> place(TableScan.Row row) {
    return byKey()
        ? Collections.nCopies(table.primaryKey().size(), row.id())
        : List.of(row.location());
  }

  private static String fromText(Column column) {
    return switch (column.kind()) {
      case TEXT -> "?";
      case JSON -> "CAST(? AS json)";
      case JSONB -> "CAST(? AS jsonb)";
      case TEXT_ARRAY -> "ARRAY(SELECT jsonb_array_elements_text(CAST(? AS jsonb)))";
      case OTHER -> throw new IllegalArgumentException("not a text column: " + column.name());
    };
  }

  /** An array of arrays would come back flat; LiteLLM has none, so it is refused. */
  private static String onlyFlat(Column column) {
    return column.kind() == Catalog.Kind.TEXT_ARRAY
        ? " AND array_ndims(" + Sql.name(column.name()) + ") = 1"
        : "";
  }

  /** Rows that were still as they had been read, and are written. */
  long rowsWritten() {
    return rowsWritten;
  }

  /** Sends what has been collected. */
  void flush() throws SQLException {
    copy.executeBatch();
    for (PreparedStatement update : updates.values()) {
      for (int rows : update.executeBatch()) {
        rowsWritten += rows;
        if (rows != 1 && strict) {
          throw new RotationException(
              ConditionReason.DATABASE_LOCKED,
              Recovery.RETRY,
              "A row of "
                  + table.name()
                  + " was changed while it was re-encrypted. Nothing was committed; it is tried"
                  + " again.");
        }
      }
    }
    pending = 0;
  }

  @Override
  public void close() throws SQLException {
    copy.close();
    for (PreparedStatement update : updates.values()) {
      update.close();
    }
  }
}
