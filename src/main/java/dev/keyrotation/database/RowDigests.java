package dev.keyrotation.database;

import dev.keyrotation.database.Catalog.Table;
import dev.keyrotation.database.RowReader.CellReading;
import dev.keyrotation.database.RowReader.RowReading;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A digest over a set of rows, with all that each holds once its values are replaced, in whatever
 * order they come: the sum of their hashes. Two sets of rows are compared without keeping either.
 */
final class RowDigests {
  private final byte[] sum = new byte[32];
  private long rows;

  void add(Table table, RowReading reading) {
    rows++;
    byte[] hash = hash(table, reading);
    int carry = 0;
    for (int i = sum.length - 1; i >= 0; i--) {
      carry += (sum[i] & 0xff) + (hash[i] & 0xff);
      sum[i] = (byte) carry;
      carry >>= Byte.SIZE;
    }
  }

  /** How many rows. */
  long rows() {
    return rows;
  }

  private static byte[] hash(Table table, RowReading reading) {
    MessageDigest hash = sha256();
    add(hash, table.name());
    add(hash, reading.row().id());
    add(hash, Objects.requireNonNull(reading.row().digest(), "no digest"));
    for (CellReading cell : reading.cells()) {
      add(hash, cell.column().name());
      add(hash, cell.text());
    }
    return hash.digest();
  }

  /** With its length, so that no text runs into the next. */
  private static void add(MessageDigest hash, @Nullable String text) {
    byte[] bytes = text == null ? new byte[0] : text.getBytes(StandardCharsets.UTF_8);
    hash.update(ByteBuffer.allocate(Integer.BYTES).putInt(text == null ? -1 : bytes.length).flip());
    hash.update(bytes);
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java runtime has SHA-256", e);
    }
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
