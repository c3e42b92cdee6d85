package dev.keyrotation.database;

import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.database.Catalog.Column;
import dev.keyrotation.database.Catalog.Kind;
import dev.keyrotation.database.Catalog.Table;
import dev.keyrotation.database.RotationDatabase.Reencryption;
import dev.keyrotation.database.RowReader.CellReading;
import dev.keyrotation.database.RowReader.RowReading;
import dev.keyrotation.failure.Recovery;
import dev.keyrotation.failure.RotationException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Writes re-encrypted cells of one table in batches, one statement for the rows of a batch in which
 * the same columns change. It copies what is replaced and sets these cells and nothing else. It
 * also names the old values: a row that somebody changed since it was read is not written. And the
 * server compares what it has stored with what was sent.
 */
final class RowWriter implements AutoCloseable {
  private static final int BATCH_ROWS = 200;

  private final Connection connection;
  private final Catalog catalog;
  private final Table table;
  private final Reencryption request;
  private final boolean strict;
  private final boolean byKey;

  /** One for each set of columns that changes together. */
  private final Map<List<Column>, Update> updates = new LinkedHashMap<>();

  private int pending;
  private long pendingSize;
  private long rowsWritten;

  RowWriter(
      Connection connection, Catalog catalog, Table table, Reencryption request, boolean strict) {
    this.connection = connection;
    this.catalog = catalog;
    this.table = table;
    this.request = request;
    this.strict = strict;
    this.byKey = byKey(table);
  }

  /** Writes the row, with the next batch, when something in it changes. */
  void write(RowReading row) throws SQLException {
    List<CellReading> changes = row.cells().stream().filter(c -> c.after() != null).toList();
    if (changes.isEmpty()) {
      return;
    }
    List<Column> columns = changes.stream().map(CellReading::column).toList();
    Update update = updates.get(columns);
    if (update == null) {
      update = new Update(columns);
      updates.put(columns, update);
    }
    update.add(row.row(), changes);
    pendingSize += row.row().size();
    if (++pending >= BATCH_ROWS || pendingSize >= TableScan.LARGEST_BATCH) {
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
    for (Update update : updates.values()) {
      rowsWritten += update.execute();
    }
    pending = 0;
    pendingSize = 0;
  }

  @Override
  public void close() throws SQLException {
    for (Update update : updates.values()) {
      update.close();
    }
  }

  /** The rows of a batch in which the same columns change. */
  private final class Update implements AutoCloseable {
    private final List<Column> columns;
    private final PreparedStatement statement;
    private final List<TableScan.Row> places = new ArrayList<>();
    private final List<List<CellReading>> rows = new ArrayList<>();

    Update(List<Column> columns) throws SQLException {
      this.columns = columns;
      this.statement = connection.prepareStatement(sql());
    }

    void add(TableScan.Row row, List<CellReading> changes) {
      places.add(row);
      rows.add(changes);
    }

    /** Gives the rows written. */
    int execute() throws SQLException {
      if (rows.isEmpty()) {
        return 0;
      }
      setTexts(1, places, TableScan.Row::id);
      setTexts(2, places, row -> byKey ? null : row.location());
      for (int i = 0; i < columns.size(); i++) {
        int column = i;
        setTexts(3 + 2 * i, rows, row -> row.get(column).before());
        setTexts(4 + 2 * i, rows, row -> row.get(column).after());
      }
      try (ResultSet counts = statement.executeQuery()) {
        counts.next();
        int written = counts.getInt("written");
        judge(written, counts.getInt("kept"));
        places.clear();
        rows.clear();
        return written;
      }
    }

    private <T> void setTexts(int parameter, List<T> from, Function<T, @Nullable String> text)
        throws SQLException {
      String[] texts = from.stream().map(text).toArray(String[]::new);
      statement.setArray(parameter, connection.createArrayOf("text", texts));
    }

    private void judge(int written, int kept) {
      if (kept != written) {
        throw new RotationException(
            ConditionReason.REENCRYPTION_FAILED,
            Recovery.ROLL_BACK,
            "The database did not store in "
                + table.name()
                + " what it was sent, perhaps because of a trigger. Nothing was committed.");
      }
      if (written != rows.size() && strict) {
        throw new RotationException(
            ConditionReason.DATABASE_LOCKED,
            Recovery.RETRY,
            "A row of "
                + table.name()
                + " was changed while it was re-encrypted. Nothing was committed; it is tried"
                + " again.");
      }
    }

    private String sql() {
      List<String> sent = new ArrayList<>(List.of("id", "location"));
      List<String> wanted = new ArrayList<>(List.of("id", "location"));
      List<String> copies = new ArrayList<>();
      List<String> assignments = new ArrayList<>();
      List<String> conditions = new ArrayList<>(List.of(place()));
      List<String> kept = new ArrayList<>();
      for (int i = 0; i < columns.size(); i++) {
        Column column = columns.get(i);
        String name = Sql.name(column.name());
        String before = "before" + i;
        String after = "after" + i;
        sent.addAll(List.of(before, after));
        // Converted here once, not wherever it is named.
        wanted.addAll(List.of(before, fromText(column, after) + " AS " + after));
        copies.add(copy(column, before));
        assignments.add(name + " = u." + after);
        conditions.add(TableScan.asText(column, "t.") + " = u." + before);
        kept.add(
            column.kind() == Kind.JSONB
                ? "t." + name + " = u." + after
                : TableScan.asText(column, "t.")
                    + " = "
                    + TableScan.asText(column.kind(), "u." + after));
        if (column.kind() == Kind.TEXT_ARRAY) {
          // An array of arrays would come back flat; LiteLLM has none, so it is refused.
          conditions.add("array_ndims(t." + name + ") = 1");
        }
      }
      return """
      WITH u AS (SELECT %s FROM unnest(%s) AS sent(%s)),
           copied AS (
             INSERT INTO keyrotation.ciphertext_copy
                    (litellm_schema, rotation_id, direction, table_name, column_name, row_id,
                     old_value)
             %s),
           written AS (UPDATE %s t SET %s FROM u WHERE %s RETURNING %s AS kept)
      SELECT count(*) AS written, count(*) FILTER (WHERE kept) AS kept FROM written
      """
          .formatted(
              String.join(", ", wanted),
              sent.stream().map(name -> "?").collect(Collectors.joining(", ")),
              String.join(", ", sent),
              String.join(" UNION ALL ", copies),
              catalog.sql(table.name()),
              String.join(", ", assignments),
              String.join(" AND ", conditions),
              String.join(" AND ", kept));
    }

    private String copy(Column column, String before) {
      String row =
          Stream.of(
                  catalog.schema(),
                  request.rotationId(),
                  request.direction().name(),
                  table.name(),
                  column.name())
              .map(Sql::literal)
              .collect(Collectors.joining(", "));
      return "SELECT " + row + ", id, " + before + " FROM u";
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
            .filter(column -> column.kind() == Kind.TEXT)
            .map(Column::name)
            .collect(Collectors.toSet());
    return !table.primaryKey().isEmpty() && texts.containsAll(table.primaryKey());
  }

  private String place() {
    if (!byKey) {
      return "t.ctid = CAST(u.location AS tid)";
    }
    List<String> conditions = new ArrayList<>();
    for (int i = 0; i < table.primaryKey().size(); i++) {
      conditions.add(
          "t." + Sql.name(table.primaryKey().get(i)) + " = (CAST(u.id AS jsonb) ->> " + i + ")");
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
