package dev.keyrotation.database;

import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.database.Catalog.Column;
import dev.keyrotation.database.Catalog.Table;
import dev.keyrotation.database.RotationDatabase.Reencryption;
import dev.keyrotation.database.RowReader.CellReading;
import dev.keyrotation.database.RowReader.RowReading;
import dev.keyrotation.failure.Recovery;
import dev.keyrotation.failure.RotationException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * Writes re-encrypted cells of one table in batches, one UPDATE for the rows of a batch in which
 * the same columns change; it sets nothing but these cells. What they replace is copied. The UPDATE
 * also names the old values: a row that somebody changed since it was read is not written.
 */
final class RowWriter implements AutoCloseable {
  private static final int BATCH_ROWS = 200;

  private final Connection connection;
  private final Catalog catalog;
  private final Table table;
  private final boolean strict;
  private final boolean byKey;
  private final PreparedStatement copy;
  private final List<Copy> copies = new ArrayList<>();

  /** One for each set of columns that changes together. */
  private final Map<List<Column>, Update> updates = new LinkedHashMap<>();

  private int pending;
  private long rowsWritten;

  /** A cell that is replaced. */
  private record Copy(String row, CellReading cell) {}

  RowWriter(
      Connection connection, Catalog catalog, Table table, Reencryption request, boolean strict)
      throws SQLException {
    this.connection = connection;
    this.catalog = catalog;
    this.table = table;
    this.strict = strict;
    this.byKey = byKey(table);
    this.copy =
        connection.prepareStatement(
            """
            INSERT INTO keyrotation.ciphertext_copy (litellm_schema, rotation_id, direction,
                   table_name, row_id, column_name, old_value)
            SELECT ?, ?, ?, ?, u.* FROM unnest(?, ?, ?) AS u
            """);
    copy.setString(1, catalog.schema());
    copy.setString(2, request.rotationId());
    copy.setString(3, request.direction().name());
    copy.setString(4, table.name());
  }

  /** Writes the row, with the next batch, when something in it changes. */
  void write(RowReading row) throws SQLException {
    List<CellReading> changes = row.cells().stream().filter(c -> c.after() != null).toList();
    if (changes.isEmpty()) {
      return;
    }
    changes.forEach(change -> copies.add(new Copy(row.row().id(), change)));
    List<Column> columns = changes.stream().map(CellReading::column).toList();
    Update update = updates.get(columns);
    if (update == null) {
      update = new Update(columns);
      updates.put(columns, update);
    }
    update.add(row.row(), changes);
    if (++pending >= BATCH_ROWS) {
      flush();
    }
  }

  /** Rows that were still as they had been read, and are written. */
  long rowsWritten() {
    return rowsWritten;
  }

  /** Sends what has been collected. */
  void flush() throws SQLException {
    if (pending == 0) {
      return;
    }
    setTexts(copy, 5, copies, Copy::row);
    setTexts(copy, 6, copies, c -> c.cell().column().name());
    setTexts(copy, 7, copies, c -> c.cell().before());
    copy.executeUpdate();
    copies.clear();
    for (Update update : updates.values()) {
      update.execute();
    }
    pending = 0;
  }

  private <T> void setTexts(
      PreparedStatement statement, int parameter, List<T> from, Function<T, String> text)
      throws SQLException {
    statement.setArray(
        parameter,
        connection.createArrayOf("text", from.stream().map(text).toArray(String[]::new)));
  }

  @Override
  public void close() throws SQLException {
    copy.close();
    for (Update update : updates.values()) {
      update.close();
    }
  }

  /** The rows of a batch in which the same columns change. */
  private final class Update implements AutoCloseable {
    private final List<Column> columns;
    private final PreparedStatement statement;
    private final List<String> places = new ArrayList<>();
    private final List<List<CellReading>> rows = new ArrayList<>();

    Update(List<Column> columns) throws SQLException {
      this.columns = columns;
      this.statement = connection.prepareStatement(sql());
    }

    void add(TableScan.Row row, List<CellReading> changes) {
      places.add(byKey ? row.id() : row.location());
      rows.add(changes);
    }

    void execute() throws SQLException {
      if (rows.isEmpty()) {
        return;
      }
      setTexts(statement, 1, places, Function.identity());
      for (int i = 0; i < columns.size(); i++) {
        int column = i;
        setTexts(statement, 2 + 2 * i, rows, row -> row.get(column).after());
        setTexts(statement, 3 + 2 * i, rows, row -> row.get(column).before());
      }
      int written = statement.executeUpdate();
      rowsWritten += written;
      if (written != rows.size() && strict) {
        throw new RotationException(
            ConditionReason.DATABASE_LOCKED,
            Recovery.RETRY,
            "A row of "
                + table.name()
                + " was changed while it was re-encrypted. Nothing was committed; it is tried"
                + " again.");
      }
      places.clear();
      rows.clear();
    }

    private String sql() {
      List<String> parameters = new ArrayList<>(List.of("place"));
      List<String> assignments = new ArrayList<>();
      List<String> conditions = new ArrayList<>(List.of(place()));
      for (int i = 0; i < columns.size(); i++) {
        Column column = columns.get(i);
        String after = "after" + i;
        String before = "before" + i;
        parameters.addAll(List.of(after, before));
        assignments.add(Sql.name(column.name()) + " = " + fromText(column, "u." + after));
        conditions.add(TableScan.asText(column, "t.") + " = u." + before);
        if (column.kind() == Catalog.Kind.TEXT_ARRAY) {
          // An array of arrays would come back flat; LiteLLM has none, so it is refused.
          conditions.add("array_ndims(t." + Sql.name(column.name()) + ") = 1");
        }
      }
      return "UPDATE "
          + catalog.sql(table.name())
          + " t SET "
          + String.join(", ", assignments)
          + " FROM unnest("
          + parameters.stream().map(p -> "?").collect(Collectors.joining(", "))
          + ") AS u("
          + String.join(", ", parameters)
          + ") WHERE "
          + String.join(" AND ", conditions);
    }

    @Override
    public void close() throws SQLException {
      statement.close();
    }
  }

  /**
   * By primary key, so that a row still counts as the same when somebody writes another column of
   * it (spend, all the time); by place where the key is missing or is no text.
   */
  private static boolean byKey(Table table) {
    Set<String> texts =
        table.columns().values().stream()
            .filter(column -> column.kind() == Catalog.Kind.TEXT)
            .map(Column::name)
            .collect(Collectors.toSet());
    return !table.primaryKey().isEmpty() && texts.containsAll(table.primaryKey());
  }

  private String place() {
    if (!byKey) {
      return "t.ctid = CAST(u.place AS tid)";
    }
    List<String> conditions = new ArrayList<>();
    for (int i = 0; i < table.primaryKey().size(); i++) {
      conditions.add(
          "t." + Sql.name(table.primaryKey().get(i)) + " = (CAST(u.place AS jsonb) ->> " + i + ")");
    }
    return String.join(" AND ", conditions);
  }

  private static String fromText(Column column, String text) {
    return switch (column.kind()) {
      case TEXT -> text;
      case JSON -> "CAST(" + text + " AS json)";
      case JSONB -> "CAST(" + text + " AS jsonb)";
      case TEXT_ARRAY -> "ARRAY(SELECT jsonb_array_elements_text(CAST(" + text + " AS jsonb)))";
      case OTHER -> throw new IllegalArgumentException("not a text column: " + column.name());
    };
  }
}
