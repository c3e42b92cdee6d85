package dev.keyrotation.cli;

import org.jspecify.annotations.Nullable;

/**
 * Whether {@code run} stays after a rotation that succeeded and watches.
 *
 * @param period how long, instead of {@code spec.soakPeriod}; null for that one
 */
record Soaking(boolean stays, @Nullable String period) {
  static final Soaking NO = new Soaking(false, null);
}
