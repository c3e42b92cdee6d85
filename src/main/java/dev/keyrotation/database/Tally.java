package dev.keyrotation.database;

import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.database.Catalog.Table;
import dev.keyrotation.database.RotationDatabase.ColumnCount;
import dev.keyrotation.database.RotationDatabase.Finding;
import dev.keyrotation.database.RowReader.CellReading;
import dev.keyrotation.database.RowReader.Remark;
import dev.keyrotation.database.RowReader.RowReading;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Counts values and notes what stands in the way of a rotation, while rows stream by. */
final class Tally {
  /** More would not help anybody; the rest is counted. */
  private static final int MOST_FINDINGS = 10;

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

  /** Adds a row. */
  void add(Table table, RowReading row) {
    rows++;
    int found = 0;
    for (CellReading cell : row.cells()) {
      found += cell.counted();
      underOtherKeys += cell.others();
      if (cell.counted() > 0) {
        values.merge(
            new ColumnName(table.name(), cell.column().name()), (long) cell.counted(), Long::sum);
      }
      cell.remarks().forEach(this::note);
    }
    if (found > 0) {
      rowsCounted++;
    }
  }

  private void note(Remark remark) {
    ConditionReason reason = remark.blocks();
    if (reason == null) {
      warn(remark.message());
    } else {
      find(reason, remark.message());
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

  /** What blocks, value by value. */
  List<Finding> blocking() {
    return List.copyOf(findings);
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
