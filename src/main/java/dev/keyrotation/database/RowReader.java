package dev.keyrotation.database;

import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.cipher.EncryptionKey;
import dev.keyrotation.cipher.Reading;
import dev.keyrotation.cipher.StoredValue;
import dev.keyrotation.cipher.ValueReader;
import dev.keyrotation.database.Catalog.Column;
import dev.keyrotation.database.Catalog.Table;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads the values of rows with the keys at hand and, if wanted, seals them under a new one. Has no
 * effect and keeps nothing, so rows can be read side by side.
 */
final class RowReader {
  private final ValueReader reader;
  private final @Nullable EncryptionKey counted;
  private final @Nullable EncryptionKey to;

  private RowReader(
      @Nullable EncryptionKey counted, @Nullable EncryptionKey to, EncryptionKey... keys) {
    this.reader = new ValueReader(keys);
    this.counted = counted;
    this.to = to;
  }

  /** Takes texts as they are, without a look for values. */
  static RowReader verbatim() {
    return new RowReader(null, null);
  }

  /** Counts values under {@code counted}. */
  static RowReader counting(EncryptionKey counted) {
    return new RowReader(counted, null, counted);
  }

  /** Counts values under {@code counted}; values under {@code other} are known and no problem. */
  static RowReader counting(EncryptionKey counted, EncryptionKey other) {
    return new RowReader(counted, null, counted, other);
  }

  /** Counts values under {@code from}, and seals them under {@code to}. */
  static RowReader resealing(EncryptionKey from, EncryptionKey to) {
    return new RowReader(from, to, from, to);
  }

  /**
   * A row and what is in its cells.
   *
   * @param hash of what the row has to hold in the end; null when it stays as it is, and where the
   *     scan asked for no digest
   */
  record RowReading(TableScan.Row row, List<CellReading> cells, @Nullable RowHash hash) {
    /** Whether a cell is to be replaced. */
    boolean changes() {
      return RowReader.changes(cells);
    }
  }

  private static boolean changes(List<CellReading> cells) {
    return cells.stream().anyMatch(cell -> cell.after() != null);
  }

  /**
   * A cell.
   *
   * @param before its text; null when the column is
   * @param after its text with the values under the new key; null when nothing changes
   * @param counted values under the counted key
   * @param others values under the other one
   */
  record CellReading(
      Column column,
      @Nullable String before,
      @Nullable String after,
      int counted,
      int others,
      List<Remark> remarks) {

    /** The text that the cell has in the end. */
    @Nullable String text() {
      return after == null ? before : after;
    }
  }

  /**
   * What is odd about a value.
   *
   * @param blocks why a rotation cannot go on; null when it can
   */
  record Remark(@Nullable ConditionReason blocks, String message) {}

  /** What the rows of a scan hold. */
  List<RowReading> read(TableScan scan, List<TableScan.Row> rows) {
    return rows.stream().map(row -> read(scan.table(), row)).toList();
  }

  private RowReading read(Table table, TableScan.Row row) {
    List<CellReading> cells =
        row.cells().stream().map(cell -> new CellLook(table, row, cell).read()).toList();
    boolean hashed = row.digest() != null && (counted == null || changes(cells));
    return new RowReading(row, cells, hashed ? RowHash.of(table, row, cells) : null);
  }

  /** Visits the leaves of one cell. */
  private final class CellLook {
    private final Table table;
    private final TableScan.Row row;
    private final TableScan.Cell cell;
    private final List<Remark> remarks = new ArrayList<>();
    private int found;
    private int others;

    CellLook(Table table, TableScan.Row row, TableScan.Cell cell) {
      this.table = table;
      this.row = row;
      this.cell = cell;
    }

    CellReading read() {
      String before = cell.text();
      String after =
          before == null || counted == null ? null : StoredValue.transform(before, this::leaf);
      return new CellReading(cell.column(), before, after, found, others, List.copyOf(remarks));
    }

    private @Nullable String leaf(String leaf) {
      switch (reader.read(leaf)) {
        case Reading.Opened opened -> {
          if (opened.by() != counted) {
            others++;
            return null;
          }
          found++;
          return to == null ? null : opened.reseal(to);
        }
        case Reading.Unreadable(boolean marked) -> unreadable(marked);
        case Reading.UnknownFormat(String format) -> unknown(format);
        case Reading.Plaintext(), Reading.Empty() -> {}
      }
      return null;
    }

    private void unreadable(boolean marked) {
      boolean stops =
          switch (role()) {
            case EVERY_STRING -> true;
            case MIXED, UNLISTED -> marked;
            case RECORD, TRAFFIC -> false;
          };
      if (stops) {
        remark(
            ConditionReason.VALUE_UNREADABLE,
            place()
                + " holds a value that looks encrypted and opens under no known key."
                + " Enter it anew in LiteLLM, or remove it.");
      } else if (marked || role() == ColumnRole.MIXED) {
        remark(
            null,
            place()
                + " holds text that looks encrypted and opens under no known key. It is left as it"
                + " is.");
      }
    }

    private void unknown(String format) {
      String message =
          place() + " holds a value in format " + format + ", which this version does not know.";
      ColumnRole role = role();
      if (role == ColumnRole.RECORD || role == ColumnRole.TRAFFIC) {
        remark(null, message + " It is left as it is.");
      } else {
        remark(ConditionReason.VALUE_FORMAT_UNKNOWN, message + " Use a newer version.");
      }
    }

    /** Asked for only when something is odd: most cells are not. */
    private ColumnRole role() {
      return ColumnRole.of(table.name(), cell.column().name()).inRow(table.name(), row.id());
    }

    private void remark(@Nullable ConditionReason blocks, String message) {
      remarks.add(new Remark(blocks, message));
    }

    private String place() {
      return table.name() + "." + cell.column().name() + " (" + RowName.of(table, row.id()) + ")";
    }
  }
}
