package dev.keyrotation.database;

import dev.keyrotation.database.RowReader.RowReading;
import java.util.Arrays;
import java.util.Objects;

/**
 * A digest over a set of rows, with all that each holds once its values are replaced, in whatever
 * order they come: the sum of their hashes. Two sets of rows are compared without keeping either.
 */
final class RowDigests {
  private final byte[] sum = new byte[RowHash.BYTES];
  private long rows;

  void add(RowReading reading) {
    rows++;
    Objects.requireNonNull(reading.hash(), "read without a hash").addTo(sum);
  }

  /** How many rows. */
  long rows() {
    return rows;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof RowDigests digests
        && rows == digests.rows
        && Arrays.equals(sum, digests.sum);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(sum);
  }
}
