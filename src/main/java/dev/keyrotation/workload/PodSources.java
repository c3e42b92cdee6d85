package dev.keyrotation.workload;

import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The ConfigMaps and Secrets that a pod's environment and files come from, and who scales it. What
 * may not be read counts as empty and is named by {@link #unread()}.
 */
interface PodSources {

  /** The entries of a ConfigMap; none when there is no such ConfigMap. */
  Map<String, String> configMap(String name);

  /** The names of the entries of a Secret; none when there is no such Secret. */
  Set<String> secretEntries(String name);

  /** A text file that is kept in a Secret; null when there is none. */
  @Nullable String secretFile(String name, String entry);

  /** The names of a Deployment's HorizontalPodAutoscalers. */
  List<String> autoscalers(String deployment);

  /** What may not be read, for example {@code Secret extra}. */
  Set<String> unread();
}
