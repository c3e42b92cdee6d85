package dev.keyrotation.systemd;

import java.time.Duration;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A time span as {@code systemctl show} prints it, for example {@code 1min 30s}; systemd.time(7).
 */
final class TimeSpan {
  private static final Pattern PART = Pattern.compile("([0-9]+)(us|ms|s|min|h|d|w|month|y)");
  private static final Map<String, Duration> UNITS =
      Map.of(
          "us", Duration.ofNanos(1_000),
          "ms", Duration.ofMillis(1),
          "s", Duration.ofSeconds(1),
          "min", Duration.ofMinutes(1),
          "h", Duration.ofHours(1),
          "d", Duration.ofDays(1),
          "w", Duration.ofDays(7),
          "month", Duration.ofDays(30),
          "y", Duration.ofDays(365));

  private TimeSpan() {}

  /** Null for {@code infinity}; zero for what cannot be read. */
  static @Nullable Duration parse(String text) {
    if (text.equals("infinity")) {
      return null;
    }
    Duration sum = Duration.ZERO;
    Matcher part = PART.matcher(text);
    while (part.find()) {
      Duration unit = UNITS.getOrDefault(part.group(2), Duration.ZERO);
      sum = sum.plus(unit.multipliedBy(Long.parseLong(part.group(1))));
    }
    return sum;
  }
}
