package dev.keyrotation.database;

import dev.keyrotation.database.Catalog.Table;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Objects;

/**
 * A digest over a set of rows, their ids and what was not scanned of them, in whatever order they
 * come: the sum of their hashes. Two sets of rows are compared without keeping either.
 */
final class RowDigests {
  private final byte[] sum = new byte[32];

  void add(Table table, TableScan.Row row) {
    String text =
        table.name() + '\0' + row.id() + '\0' + Objects.requireNonNull(row.digest(), "no digest");
    byte[] hash = sha256(text);
    int carry = 0;
    for (int i = sum.length - 1; i >= 0; i--) {
      carry += (sum[i] & 0xff) + (hash[i] & 0xff);
      sum[i] = (byte) carry;
      carry >>= Byte.SIZE;
    }
  }

  private static byte[] sha256(String text) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java runtime has SHA-256", e);
    }
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof RowDigests digests && Arrays.equals(sum, digests.sum);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(sum);
  }
}
