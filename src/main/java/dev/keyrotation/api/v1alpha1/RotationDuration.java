package dev.keyrotation.api.v1alpha1;

import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The durations of the resource: one or more numbers with a unit, {@code s}, {@code m}, {@code h}
 * or {@code d} (24 hours), for example {@code 90s}, {@code 1h30m}, {@code 30d}; or {@code 0}.
 */
public final class RotationDuration {
  /** The form, as a regular expression; the custom resource definition carries it. */
  public static final String PATTERN = "^(0|([0-9]{1,6}[smhd])+)$";

  private static final Pattern PART = Pattern.compile("([0-9]{1,6})([smhd])");

  private RotationDuration() {}

  /**
   * Reads a duration.
   *
   * @throws IllegalArgumentException when the text is not of the form
   */
  public static Duration parse(String text) {
    if (!text.matches(PATTERN)) {
      throw new IllegalArgumentException(
          "'" + text + "' is no duration: write for example 90s, 10m, 1h30m, 30d or 0");
    }
    Duration sum = Duration.ZERO;
    Matcher part = PART.matcher(text);
    while (part.find()) {
      long number = Long.parseLong(part.group(1));
      sum =
          sum.plus(
              switch (part.group(2)) {
                case "s" -> Duration.ofSeconds(number);
                case "m" -> Duration.ofMinutes(number);
                case "h" -> Duration.ofHours(number);
                default -> Duration.ofDays(number);
              });
    }
    return sum;
  }
}
