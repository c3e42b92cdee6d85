package dev.keyrotation.database;

import dev.keyrotation.api.v1alpha1.Direction;
import dev.keyrotation.database.Catalog.Column;
import dev.keyrotation.database.Catalog.Kind;
import dev.keyrotation.database.Catalog.Table;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
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

  /** Of a batch, in characters: a few of them are in memory at a time, whatever a row holds. */
  static final int LARGEST_BATCH = 1_000_000;

  private static final int LEAST_DIGITS = 54;
  private static final int LEAST_LENGTH = 45;
  private static final String RUN = "'[A-Za-z0-9+/_=\\\\-]{" + LEAST_DIGITS + "}'";
  private static final String VERSION = "'v[0-9]{1,3}:[a-z]'";

  private final Catalog catalog;
  private final Table table;
  private final List<Column> columns;

  /** Whether all columns are read in rows that are wanted, and the others as a digest. */
  private final boolean whole;

  /** A condition on the row in place of the usual one. */
  private final String only;

  private TableScan(
      Catalog catalog, Table table, List<Column> columns, boolean whole, String only) {
    this.catalog = catalog;
    this.table = table;
    this.columns = columns;
    this.whole = whole;
    this.only = only;
  }

  /**
   * The scans of all tables: each reads the columns that can hold a value and are no records of
   * traffic, and of these the cells that could hold one.
   */
  static List<TableScan> all(Catalog catalog) {
    return catalog.tables().values().stream()
        .map(table -> new TableScan(catalog, table, columns(table), false, ""))
        .filter(scan -> !scan.columns.isEmpty())
        .toList();
  }

  /**
   * Those of the tables that are not empty. LiteLLM has some sixty, and most databases use a third
   * of them; one question costs less than many empty answers.
   */
  static List<TableScan> withRows(Connection connection, List<TableScan> scans)
      throws SQLException {
    if (scans.isEmpty()) {
      return scans;
    }
    String sql =
        scans.stream()
            .map(scan -> "EXISTS (SELECT FROM " + scan.catalog.sql(scan.table.name()) + ")")
            .collect(Collectors.joining(", ", "SELECT ", ""));
    List<TableScan> found = new ArrayList<>();
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(sql)) {
      row.next();
      for (int i = 0; i < scans.size(); i++) {
        if (row.getBoolean(i + 1)) {
          found.add(scans.get(i));
        }
      }
    }
    return found;
  }

  private static List<Column> columns(Table table) {
    return table.columns().values().stream()
        .filter(c -> c.kind() != Kind.OTHER)
        .filter(c -> ColumnRole.of(table.name(), c.name()) != ColumnRole.TRAFFIC)
        .toList();
  }

  /** The same scan with all that each row holds, so that two readings of it can be compared. */
  TableScan whole() {
    return new TableScan(catalog, table, columns, true, only);
  }

  /** The same scan of only those rows that have been written in this direction of the rotation. */
  TableScan ofWritten(String rotationId, Direction direction) {
    return new TableScan(
        catalog,
        table,
        columns,
        whole,
        "id::text IN (SELECT row_id FROM keyrotation.ciphertext_copy WHERE litellm_schema = "
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

  /**
   * A row.
   *
   * @param location where it stands now; good within the transaction as long as nobody changes it
   * @param id the primary key as a JSON array; the location where the table has none
   * @param cells those that could hold a value; all in a scan of whole rows
   * @param digest MD5 of all other columns, in a scan of whole rows; comparable within one
   *     transaction
   */
  record Row(String location, String id, List<Cell> cells, @Nullable String digest) {
    /** How much text it has, in characters. */
    long size() {
      long size = 0;
      for (Cell cell : cells) {
        size += cell.text() == null ? 0 : cell.text().length();
      }
      return size;
    }
  }

  /** A column's value as text; null when the column is. */
  record Cell(Column column, @Nullable String text) {}

  /** What is done with rows that were read together. */
  @FunctionalInterface
  interface BatchVisitor {
    /** Gives whether more are wanted. */
    boolean visit(List<Row> batch);
  }

  /** Reads the rows, some at a time, until no more are wanted. */
  void read(Statement statement, BatchVisitor visitor) throws SQLException {
    statement.setFetchSize(FETCH_ROWS);
    try (ResultSet result = statement.executeQuery(sql())) {
      List<Row> batch = batch(result);
      while (!batch.isEmpty() && visitor.visit(batch)) {
        batch = batch(result);
      }
    }
  }

  private List<Row> batch(ResultSet result) throws SQLException {
    List<Row> batch = new ArrayList<>(FETCH_ROWS);
    long size = 0;
    while (batch.size() < FETCH_ROWS && size < LARGEST_BATCH && result.next()) {
      Row row = row(result);
      batch.add(row);
      size += row.size();
    }
    return batch;
  }

  private Row row(ResultSet result) throws SQLException {
    List<Cell> cells = new ArrayList<>();
    for (int i = 0; i < columns.size(); i++) {
      String text = result.getString(3 + i);
      if (text != null || whole) {
        cells.add(new Cell(columns.get(i), text));
      }
    }
    return new Row(
        result.getString(1),
        result.getString(2),
        cells,
        whole ? result.getString(3 + columns.size()) : null);
  }

  /**
   * Three layers: columns as text; without those that cannot hold a value; rows with any left.
   * OFFSET 0 keeps the server from converting a column anew wherever a layer above names it.
   */
  private String sql() {
    List<String> texts = new ArrayList<>(List.of("t.ctid AS location", id() + " AS id"));
    List<String> cells = new ArrayList<>(List.of("location", "id"));
    List<String> wanted = new ArrayList<>();
    for (int i = 0; i < columns.size(); i++) {
      Column column = columns.get(i);
      String name = "c" + i;
      texts.add((whole ? asText(column, "t.") : longText(table, column)) + " AS " + name);
      String found = mayHoldValue(table, column, name);
      cells.add(whole ? name : "CASE WHEN " + found + " THEN " + name + " END AS " + name);
      wanted.add(whole ? found : name + " IS NOT NULL");
    }
    return "SELECT location::text, id::text, "
        + IntStream.range(0, columns.size())
            .mapToObj(i -> "c" + i)
            .collect(Collectors.joining(", "))
        + (whole ? ", " + digest() : "")
        + " FROM (SELECT "
        + String.join(", ", cells)
        + " FROM (SELECT "
        + String.join(", ", texts)
        + " FROM "
        + catalog.sql(table.name())
        + " t OFFSET 0) texts OFFSET 0) s WHERE "
        + (only.isEmpty() ? String.join(" OR ", wanted) : only);
  }

  private String id() {
    return table.primaryKey().isEmpty()
        ? "t.ctid"
        : "jsonb_build_array("
            + table.primaryKey().stream()
                .map(c -> "t." + Sql.name(c))
                .collect(Collectors.joining(", "))
            + ")";
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
        + " t WHERE t.ctid = s.location) AS digest";
  }

  /** The expression that gives a column as text. */
  static String asText(Column column, String prefix) {
    return asText(column.kind(), prefix + Sql.name(column.name()));
  }

  /** The expression that gives what a column of that kind can hold as text. */
  static String asText(Kind kind, String expression) {
    return switch (kind) {
      case TEXT, JSON, JSONB -> expression + "::text";
      case TEXT_ARRAY -> "to_jsonb(" + expression + ")::text";
      case OTHER -> throw new IllegalArgumentException("no text: " + expression);
    };
  }

  /**
   * Spares the server turning small JSON into text; most columns of most rows have {@code {}}. A
   * value takes no less room in its binary form, compressed or not.
   */
  private static String longText(Table table, Column column) {
    boolean listed = ColumnRole.of(table.name(), column.name()).listed();
    String text = asText(column, "t.");
    return listed || column.kind() != Kind.JSONB
        ? text
        : "CASE WHEN pg_column_size(t."
            + Sql.name(column.name())
            + ") >= "
            + LEAST_LENGTH
            + " THEN "
            + text
            + " END";
  }

  private static String mayHoldValue(Table table, Column column, String text) {
    if (ColumnRole.of(table.name(), column.name()).listed()) {
      return text + " NOT IN ('', '{}', '[]', 'null')";
    }
    String match = "(" + text + " ~ " + RUN + " OR " + text + " ~ " + VERSION + ")";
    String longEnough = "octet_length(" + text + ") >= " + LEAST_LENGTH + " AND ";
    // In this order: a look for a run takes longest, and keys are known by hex digests.
    return column.kind() == Kind.TEXT
        ? "(" + longEnough + text + " !~ '^[0-9a-f]*$' AND " + match + ")"
        : "(" + longEnough + match + ")";
  }
}
