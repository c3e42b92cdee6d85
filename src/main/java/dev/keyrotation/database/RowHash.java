package dev.keyrotation.database;

import dev.keyrotation.database.Catalog.Table;
import dev.keyrotation.database.RowReader.CellReading;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** SHA-256 over all that a row holds once its values are replaced. */
final class RowHash {
  static final int BYTES = 32;

  private final byte[] hash;

  private RowHash(byte[] hash) {
    this.hash = hash;
  }

  /** The hash of a row that was read with its digest. */
  static RowHash of(Table table, TableScan.Row row, List<CellReading> cells) {
    MessageDigest hash = sha256();
    add(hash, table.name());
    add(hash, row.id());
    add(hash, Objects.requireNonNull(row.digest(), "no digest"));
    for (CellReading cell : cells) {
      add(hash, cell.column().name());
      add(hash, cell.text());
    }
    return new RowHash(hash.digest());
  }

  /** Adds the hash, as a number, to that in {@code sum}. */
  void addTo(byte[] sum) {
    int carry = 0;
    for (int i = BYTES - 1; i >= 0; i--) {
      carry += (sum[i] & 0xff) + (hash[i] & 0xff);
      sum[i] = (byte) carry;
      carry >>= Byte.SIZE;
    }
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
}
