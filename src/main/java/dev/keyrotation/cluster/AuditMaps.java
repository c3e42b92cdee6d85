package dev.keyrotation.cluster;

import io.fabric8.kubernetes.api.model.ConfigMap;
import java.util.Collection;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The ConfigMaps that hold the audit of a KeyRotation: {@code NAME-audit}, then {@code
 * NAME-audit-2} and so on. One that is full is made immutable; so the last one is the one that is
 * written.
 */
public final class AuditMaps {
  /** The entry with the lines. */
  public static final String ENTRY = "audit.jsonl";

  private static final int DIGITS = 9; // as many as an int always holds

  private AuditMaps() {}

  /** Name of the ConfigMap with this number, counted from 1. */
  public static String name(String resource, int number) {
    return resource + "-audit" + (number == 1 ? "" : "-" + number);
  }

  /** Those of {@code maps} that belong to the KeyRotation of this name, by their number. */
  public static SortedMap<Integer, ConfigMap> of(String resource, Collection<ConfigMap> maps) {
    Pattern name =
        Pattern.compile(
            Pattern.quote(resource + "-audit") + "(-([1-9]\\d{0," + (DIGITS - 1) + "}))?");
    SortedMap<Integer, ConfigMap> found = new TreeMap<>();
    for (ConfigMap map : maps) {
      Matcher matcher = name.matcher(map.getMetadata().getName());
      if (matcher.matches()) {
        found.put(matcher.group(2) == null ? 1 : Integer.parseInt(matcher.group(2)), map);
      }
    }
    return found;
  }

  /** Whether its lines go on in the next one. */
  public static boolean isFull(ConfigMap map) {
    return Boolean.TRUE.equals(map.getImmutable());
  }

  /** Its lines, the oldest first. */
  public static List<String> lines(ConfigMap map) {
    return text(map).lines().toList();
  }

  /** The same as one text, in which each line has its end. */
  public static String text(ConfigMap map) {
    String text = map.getData() == null ? "" : map.getData().getOrDefault(ENTRY, "");
    return text.isEmpty() || text.endsWith("\n") ? text : text + "\n";
  }
}
