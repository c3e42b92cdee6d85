package dev.keyrotation.database;

import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.cipher.EncryptionKey;
import dev.keyrotation.cipher.Reading;
import dev.keyrotation.cipher.StoredValue;
import dev.keyrotation.cipher.ValueReader;
import dev.keyrotation.database.Catalog.Table;
import dev.keyrotation.database.RotationDatabase.ColumnCount;
import dev.keyrotation.database.RotationDatabase.Finding;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Counts values and notes what stands in the way of a rotation, while rows stream by. */
final class Tally {
  /** More would not help anybody; the rest is counted. */
  private static final int MOST_FINDINGS = 10;

  private final ValueReader reader;
  private final EncryptionKey counted;
  private final Map<ColumnName, Long> values = new LinkedHashMap<>();
  private final List<Finding> findings = new ArrayList<>();
  private final List<String> warnings = new ArrayList<>();
  private long findingsInAll;
  private long warningsInAll;
  private long underOtherKeys;
  private long rows;
  private long rowsCounted;

  /** A column by name. */
  record ColumnName(String table, String column) {}

  /** Counts values under {@code counted}; values under {@code others} are known and no problem. */
  Tally(EncryptionKey counted, EncryptionKey... others) {
    EncryptionKey[] keys = new EncryptionKey[others.length + 1];
    keys[0] = counted;
    System.arraycopy(others, 0, keys, 1, others.length);
    this.reader = new ValueReader(keys);
    this.counted = counted;
  }

  /** Looks at every cell; returns whether the row has a value under any of the keys. */
  boolean add(Table table, TableScan.Row row) {
    rows++;
    long othersBefore = underOtherKeys;
    int found = 0;
    for (TableScan.Cell cell : row.cells()) {
      String text = cell.text();
      if (text != null) {
        found += new CellCount(table, cell.column().name(), row.id()).of(text);
      }
    }
    if (found > 0) {
      rowsCounted++;
    }
    return found > 0 || underOtherKeys > othersBefore;
  }

  /** Visits the leaves of one cell. */
  private final class CellCount {
    private final Table table;
    private final String column;
    private final String rowId;
    private final ColumnRole role;
    private int found;

    CellCount(Table table, String column, String rowId) {
      this.table = table;
      this.column = column;
      this.rowId = rowId;
      this.role = ColumnRole.of(table.name(), column).inRow(table.name(), rowId);
    }

    int of(String text) {
      StoredValue.transform(
          text,
          leaf -> {
            leaf(leaf);
            return null;
          });
      if (found > 0) {
        values.merge(new ColumnName(table.name(), column), (long) found, Long::sum);
      }
      return found;
    }

    private void leaf(String leaf) {
      switch (reader.read(leaf)) {
        case Reading.Opened opened -> {
          if (opened.by() == counted) {
            found++;
          } else {
            underOtherKeys++;
          }
        }
        case Reading.Unreadable(boolean marked) -> unreadable(marked);
        case Reading.UnknownFormat(String format) -> unknown(format);
        case Reading.Plaintext(), Reading.Empty() -> {}
      }
    }

    private void unreadable(boolean marked) {
      boolean stops =
          switch (role) {
            case EVERY_STRING -> true;
            case MIXED, UNLISTED -> marked;
            case RECORD, TRAFFIC -> false;
          };
      if (stops) {
        find(
            ConditionReason.VALUE_UNREADABLE,
            place()
                + " holds a value that looks encrypted and opens under no known key."
                + " Enter it anew in LiteLLM, or remove it.");
      } else if (marked || role == ColumnRole.MIXED) {
        warn(
            place()
                + " holds text that looks encrypted and opens under no known key. It is left as it"
                + " is.");
      }
    }

    private void unknown(String format) {
      String message =
          place() + " holds a value in format " + format + ", which this version does not know.";
      if (role == ColumnRole.RECORD || role == ColumnRole.TRAFFIC) {
        warn(message + " It is left as it is.");
      } else {
        find(ConditionReason.VALUE_FORMAT_UNKNOWN, message + " Use a newer version.");
      }
    }

    private String place() {
      return table.name() + "." + column + " (" + RowName.of(table, rowId) + ")";
    }
  }

  private void find(ConditionReason reason, String message) {
    if (findingsInAll++ < MOST_FINDINGS) {
      findings.add(new Finding(reason, message));
    }
  }

  private void warn(String message) {
    if (warningsInAll++ < MOST_FINDINGS) {
      warnings.add(message);
    }
  }

  /**
   * What blocks. When nothing opened and something looks encrypted, the key is the likely culprit,
   * not the values.
   */
  List<Finding> findings() {
    if (total() == 0 && underOtherKeys == 0 && findingsInAll > 0) {
      return List.of(
          new Finding(
              ConditionReason.WRONG_ENCRYPTION_KEY,
              "No stored value opens under the present encryption key, although "
                  + findingsInAll
                  + " look encrypted; the first: "
                  + findings.getFirst().message()
                  + " The key in the Secret is probably not the one that LiteLLM encrypted with."));
    }
    if (findingsInAll <= MOST_FINDINGS) {
      return List.copyOf(findings);
    }
    List<Finding> shortened = new ArrayList<>(findings);
    shortened.add(
        new Finding(
            findings.getFirst().reason(),
            (findingsInAll - MOST_FINDINGS) + " more values are unreadable."));
    return shortened;
  }

  List<String> warnings() {
    if (warningsInAll <= MOST_FINDINGS) {
      return List.copyOf(warnings);
    }
    List<String> shortened = new ArrayList<>(warnings);
    shortened.add((warningsInAll - MOST_FINDINGS) + " more of that kind.");
    return shortened;
  }

  List<ColumnCount> columns() {
    return values.entrySet().stream()
        .map(
            e ->
                new ColumnCount(
                    e.getKey().table(),
                    e.getKey().column(),
                    e.getValue(),
                    ColumnRole.of(e.getKey().table(), e.getKey().column()).listed()))
        .toList();
  }

  /** Values under the counted key. */
  long total() {
    return values.values().stream().mapToLong(Long::longValue).sum();
  }

  /** Values under the other keys. */
  long underOtherKeys() {
    return underOtherKeys;
  }

  /** Rows with a value under the counted key. */
  long rowsCounted() {
    return rowsCounted;
  }

  /** Rows looked at. */
  long rows() {
    return rows;
  }
}
