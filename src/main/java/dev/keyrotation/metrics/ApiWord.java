package dev.keyrotation.metrics;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/** The words of the API for its enums, for example {@code RestartWorkloads}. */
final class ApiWord {
  private ApiWord() {}

  static String of(Enum<?> value) {
    return Arrays.stream(value.name().split("_", -1))
        .map(part -> part.charAt(0) + part.substring(1).toLowerCase(Locale.ROOT))
        .collect(Collectors.joining());
  }
}
