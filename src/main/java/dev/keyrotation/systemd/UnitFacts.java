package dev.keyrotation.systemd;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What a script printed: lines {@code NAME=value}, some names several times. */
final class UnitFacts {
  private final Map<String, List<String>> values = new LinkedHashMap<>();

  private UnitFacts() {}

  static UnitFacts parse(String text) {
    UnitFacts facts = new UnitFacts();
    text.lines()
        .forEach(
            line -> {
              int equals = line.indexOf('=');
              if (equals > 0) {
                facts
                    .values
                    .computeIfAbsent(line.substring(0, equals), name -> new ArrayList<>())
                    .add(line.substring(equals + 1));
              }
            });
    return facts;
  }

  /** The first value of a name; empty when there is none. */
  String get(String name) {
    return values.getOrDefault(name, List.of("")).getFirst();
  }

  boolean has(String name) {
    return values.containsKey(name);
  }

  boolean is(String name, String value) {
    return get(name).equals(value);
  }

  /** Every value of a name. */
  List<String> all(String name) {
    return values.getOrDefault(name, List.of());
  }

  /** A number; 0 when it is none. */
  double number(String name) {
    try {
      return Double.parseDouble(get(name));
    } catch (NumberFormatException e) {
      return 0;
    }
  }

  /** Names only: a property may hold a key. */
  @Override
  public String toString() {
    return "UnitFacts" + values.keySet();
  }
}
