package dev.keyrotation.database;

import dev.keyrotation.api.v1alpha1.Direction;
import dev.keyrotation.database.Catalog.Column;
import dev.keyrotation.database.Catalog.Kind;
import dev.keyrotation.database.Catalog.Table;
import dev.keyrotation.database.RowReader.RowReading;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Streams the rows of one table that could hold a value, as text. Memory does not grow with the
 * table.
 *
 * <p>Columns on LiteLLM's list are read whole, but for empty ones. In all others the server picks
 * the rows: a value is a run of at least 54 base64 digits (40 bytes of secretbox), or stands behind
 * {@code vN:}. Escapes that JSON may put between digits ({@code \/}, {@code \}{@code u002b})
 * consist of characters that count as digits here, so no value is passed over. A plain hex digest
 * is none.
 */
final class TableScan {
  private static final int FETCH_ROWS = 200;
  private static final int LEAST_DIGITS = 54;
  private static final int LEAST_LENGTH = 45;
  private static final String RUN = "'[A-Za-z0-9+/_=\\\\-]{" + LEAST_DIGITS + "}'";
  private static final String VERSION = "'v[0-9]{1,3}:[a-z]'";

  private final Catalog catalog;
  private final Table table;
  private final List<Column> columns;

  /** A condition on the row besides. */
  private final String only;

  private TableScan(Catalog catalog, Table table, List<Column> columns, String only) {
    this.catalog = catalog;
    this.table = table;
    this.columns = columns;
    this.only = only;
  }

  /** The scan of the columns that can hold a value, records of traffic cannot, and are wanted. */
  static TableScan of(Catalog catalog, Table table, Predicate<Column> wanted) {
    return new TableScan(
        catalog,
        table,
        table.columns().values().stream()
            .filter(c -> c.kind() != Kind.OTHER)
            .filter(c -> ColumnRole.of(table.name(), c.name()) != ColumnRole.TRAFFIC)
            .filter(wanted)
            .toList(),
        "");
  }

  /** The scan of every column that can hold a value. */
  static TableScan everything(Catalog catalog, Table table) {
    return of(catalog, table, column -> true);
  }

  /** The same scan of only those rows that have been written in this direction of the rotation. */
  TableScan ofWritten(String rotationId, Direction direction) {
    return new TableScan(
        catalog,
        table,
        columns,
        "id IN (SELECT row_id FROM keyrotation.ciphertext_copy WHERE litellm_schema = "
            + Sql.literal(catalog.schema())
            + " AND rotation_id = "
            + Sql.literal(rotationId)
            + " AND direction = "
            + Sql.literal(direction.name())
            + " AND table_name = "
            + Sql.literal(table.name())
            + ")");
  }

  Table table() {
    return table;
  }

  boolean isEmpty() {
    return columns.isEmpty();
  }

  /**
   * A row.
   *
   * @param location where it stands now; good within the transaction as long as nobody changes it
   * @param id the primary key as a JSON array; the location where the table has none
   * @param digest MD5 of all other columns, when asked for; comparable within one transaction
   */
  record Row(String location, String id, List<Cell> cells, @Nullable String digest) {}

  /** A column's value as text; null when the column is. */
  record Cell(Column column, @Nullable String text) {}

  /** What is done with each row. */
  @FunctionalInterface
  interface RowVisitor {
    void visit(RowReading row) throws SQLException;
  }

  /**
   * Visits the rows, one after the other. They have been read side by side before, while the rows
   * before them were visited: the server and this process seldom wait for each other. {@code
   * digest} asks for the digest of the other columns.
   */
  void forEach(Connection connection, boolean digest, RowReader reader, RowVisitor visitor)
      throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.setFetchSize(FETCH_ROWS);
      try (ResultSet result = statement.executeQuery(sql(digest))) {
        Ahead<List<RowReading>> next = read(batch(result, digest), reader);
        for (List<RowReading> rows = next.get(); !rows.isEmpty(); rows = next.get()) {
          next = read(batch(result, digest), reader);
          for (RowReading row : rows) {
            visitor.visit(row);
          }
        }
      }
    }
  }

  private List<Row> batch(ResultSet result, boolean digest) throws SQLException {
    List<Row> batch = new ArrayList<>(FETCH_ROWS);
    while (batch.size() < FETCH_ROWS && result.next()) {
      batch.add(row(result, digest));
    }
    return batch;
  }

  private Ahead<List<RowReading>> read(List<Row> batch, RowReader reader) {
    return Ahead.of(() -> batch.parallelStream().map(row -> reader.read(table, row)).toList());
  }

  private Row row(ResultSet result, boolean digest) throws SQLException {
    List<Cell> cells = new ArrayList<>(columns.size());
    for (int i = 0; i < columns.size(); i++) {
      cells.add(new Cell(columns.get(i), result.getString(3 + i)));
    }
    return new Row(
        result.getString(1),
        result.getString(2),
        cells,
        digest ? result.getString(3 + columns.size()) : null);
  }

  private String sql(boolean digest) {
    List<String> read = new ArrayList<>();
    read.add("t.ctid::text AS location");
    read.add(
        table.primaryKey().isEmpty()
            ? "t.ctid::text AS id"
            : "jsonb_build_array("
                + table.primaryKey().stream()
                    .map(c -> "t." + Sql.name(c))
                    .collect(Collectors.joining(", "))
                + ")::text AS id");
    List<String> wanted = new ArrayList<>();
    for (int i = 0; i < columns.size(); i++) {
      Column column = columns.get(i);
      read.add(asText(column, "t.") + " AS c" + i);
      wanted.add(
          ColumnRole.of(table.name(), column.name()).listed()
              ? "c" + i + " NOT IN ('', '{}', '[]', 'null')"
              : mayHoldValue(column, "c" + i));
    }
    // OFFSET 0 keeps the server from converting a column anew for each condition on it.
    return "SELECT s.*"
        + (digest ? ", " + digest() : "")
        + " FROM (SELECT "
        + String.join(", ", read)
        + " FROM "
        + catalog.sql(table.name())
        + " t OFFSET 0) s WHERE "
        + (only.isEmpty() ? String.join(" OR ", wanted) : only);
  }

  /** Taken from the row by its place, so that it costs nothing for rows that are not wanted. */
  private String digest() {
    return "(SELECT md5(ROW("
        + table.columns().values().stream()
            .filter(c -> !columns.contains(c))
            .map(c -> "t." + Sql.name(c.name()))
            .collect(Collectors.joining(", "))
        + ")::text) FROM "
        + catalog.sql(table.name())
        + " t WHERE t.ctid = CAST(s.location AS tid)) AS digest";
  }

  /** The expression that gives a column as text. */
  static String asText(Column column, String prefix) {
    String name = prefix + Sql.name(column.name());
    return switch (column.kind()) {
      case TEXT -> name + "::text";
      case JSON, JSONB -> name + "::text";
      case TEXT_ARRAY -> "to_jsonb(" + name + ")::text";
      case OTHER -> throw new IllegalArgumentException("not a text column: " + column.name());
    };
  }

  private static String mayHoldValue(Column column, String text) {
    String match = "(" + text + " ~ " + RUN + " OR " + text + " ~ " + VERSION + ")";
    String longEnough = "octet_length(" + text + ") >= " + LEAST_LENGTH + " AND " + match;
    return column.kind() == Kind.TEXT
        ? "(" + longEnough + " AND " + text + " !~ '^[0-9a-f]*$')"
        : "(" + longEnough + ")";
  }
}
