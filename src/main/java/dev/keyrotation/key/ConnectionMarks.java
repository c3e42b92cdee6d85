package dev.keyrotation.key;

import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.failure.RotationException;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The {@code application_name} in the connection URL of {@code spec.database}, by which the
 * database tells instances of one revision from those of another. All methods throw {@link
 * RotationException} when the URL's place cannot be reached or refuses.
 */
public interface ConnectionMarks {

  /** What stands in the URL. */
  sealed interface Look {
    /**
     * A mark can be written.
     *
     * @param mark the one that a rotation has written; null when there is none
     */
    record Writable(@Nullable String mark) implements Look {}

    /** None can; the sentence says why, without a period and without quoting the URL. */
    record Unusable(String why) implements Look {}
  }

  /** Reads the URL, live. */
  Look look(KeyRotation owner);

  /**
   * Marks the URL's place with the epoch of {@code owner}'s status, so that writes of earlier
   * epochs fail. Does nothing when there is none.
   *
   * @param current reads live whether that epoch is still the stored one; asked before a write
   * @throws dev.keyrotation.failure.SupersededException when it is not; {@link #write} throws it
   *     when the place carries another epoch
   */
  void claim(KeyRotation owner, BooleanSupplier current);

  /** Writes {@code mark} in the place of an earlier one; every other part of the URL stays. */
  void write(KeyRotation owner, String mark);

  /** Where no URL can be written: on hosts. */
  static ConnectionMarks unsupported() {
    return new ConnectionMarks() {
      private static final String WHY =
          "only a URL in a Secret can be marked, and spec.database.urlFrom names none";

      @Override
      public Look look(KeyRotation owner) {
        return new Look.Unusable(WHY);
      }

      @Override
      public void claim(KeyRotation owner, BooleanSupplier current) {}

      @Override
      public void write(KeyRotation owner, String mark) {
        throw new IllegalStateException(WHY);
      }
    };
  }
}
