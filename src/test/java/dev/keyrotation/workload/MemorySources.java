package dev.keyrotation.workload;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Sources that a test fills. */
final class MemorySources implements PodSources {
  final Map<String, Map<String, String>> configMaps = new HashMap<>();
  final Map<String, Map<String, String>> secrets = new HashMap<>();
  final List<String> autoscalers = new ArrayList<>();
  final Set<String> unread = new LinkedHashSet<>();

  @Override
  public Map<String, String> configMap(String name) {
    return configMaps.getOrDefault(name, Map.of());
  }

  @Override
  public Set<String> secretEntries(String name) {
    return secrets.getOrDefault(name, Map.of()).keySet();
  }

  @Override
  public @Nullable String secretFile(String name, String entry) {
    return secrets.getOrDefault(name, Map.of()).get(entry);
  }

  @Override
  public List<String> autoscalers(String deployment) {
    return autoscalers;
  }

  @Override
  public Set<String> unread() {
    return unread;
  }
}
