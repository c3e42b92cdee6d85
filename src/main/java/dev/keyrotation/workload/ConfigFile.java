package dev.keyrotation.workload;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.KeyToPath;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.VolumeMount;
import io.fabric8.kubernetes.api.model.VolumeProjection;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Finds LiteLLM's configuration file: {@code CONFIG_FILE_PATH}, else {@code --config} (or {@code
 * -c}) on the command line; then the volume that is mounted there.
 */
sealed interface ConfigFile {
  /** LiteLLM runs without one. */
  record None() implements ConfigFile {}

  /** There is one, but not in a ConfigMap or Secret that can be read. */
  record Unreadable(String path) implements ConfigFile {}

  /** Its content. */
  record Readable(String path, String content) implements ConfigFile {
    /** Without the content, which may hold keys. */
    @Override
    public String toString() {
      return "Readable[" + path + "]";
    }
  }

  /** Where a relative path starts in LiteLLM's images. */
  String USUAL_DIRECTORY = "/app";

  static ConfigFile of(
      PodSpec pod, Container container, ContainerEnvironment environment, PodSources sources) {
    String path = path(container, environment);
    if (path == null || path.isBlank()) {
      return new None();
    }
    String absolute = path.startsWith("/") ? path : directory(container) + "/" + path;
    String content = content(pod, container, sources, absolute);
    return content == null ? new Unreadable(path) : new Readable(path, content);
  }

  private static @Nullable String path(Container container, ContainerEnvironment environment) {
    String fromEnvironment = environment.text("CONFIG_FILE_PATH");
    if (fromEnvironment != null) {
      return fromEnvironment;
    }
    List<String> words = new ArrayList<>();
    for (List<String> part : List.of(container.getCommand(), container.getArgs())) {
      // A shell gets the whole command line as one argument.
      part.forEach(argument -> words.addAll(List.of(environment.expand(argument).split("\\s+"))));
    }
    for (int i = 0; i < words.size(); i++) {
      String word = words.get(i);
      if (word.startsWith("--config=")) {
        return unquoted(word.substring("--config=".length()));
      }
      boolean option = word.equals("--config") || (word.equals("-c") && isYaml(words, i + 1));
      if (option && i + 1 < words.size()) {
        return unquoted(words.get(i + 1));
      }
    }
    return null;
  }

  /** {@code -c} is also the option with which a shell takes its command. */
  private static boolean isYaml(List<String> words, int index) {
    return index < words.size() && unquoted(words.get(index)).matches(".*\\.ya?ml");
  }

  private static String unquoted(String word) {
    return word.replaceAll("^[\"']|[\"';]+$", "");
  }

  private static String directory(Container container) {
    return container.getWorkingDir() == null ? USUAL_DIRECTORY : container.getWorkingDir();
  }

  private static @Nullable String content(
      PodSpec pod, Container container, PodSources sources, String path) {
    VolumeMount best = null;
    for (VolumeMount mount : container.getVolumeMounts()) {
      if ((path.equals(mount.getMountPath()) || path.startsWith(withSlash(mount.getMountPath())))
          && (best == null || mount.getMountPath().length() > best.getMountPath().length())) {
        best = mount;
      }
    }
    if (best == null || best.getSubPathExpr() != null) {
      return null;
    }
    String below = path.substring(Math.min(path.length(), best.getMountPath().length()));
    String subPath = best.getSubPath() == null ? "" : best.getSubPath();
    String file = (subPath + "/" + below).replaceAll("/+", "/").replaceAll("^/|/$", "");
    for (Volume volume : pod.getVolumes()) {
      if (volume.getName().equals(best.getName())) {
        return content(volume, file, sources);
      }
    }
    return null;
  }

  private static String withSlash(String directory) {
    return directory.endsWith("/") ? directory : directory + "/";
  }

  private static @Nullable String content(Volume volume, String file, PodSources sources) {
    if (volume.getConfigMap() != null) {
      String entry = entry(volume.getConfigMap().getItems(), file);
      return entry == null ? null : sources.configMap(volume.getConfigMap().getName()).get(entry);
    }
    if (volume.getSecret() != null) {
      String entry = entry(volume.getSecret().getItems(), file);
      return entry == null ? null : sources.secretFile(volume.getSecret().getSecretName(), entry);
    }
    if (volume.getProjected() == null) {
      return null;
    }
    String found = null;
    for (VolumeProjection part : volume.getProjected().getSources()) {
      String content = content(part, file, sources);
      found = content == null ? found : content;
    }
    return found;
  }

  private static @Nullable String content(VolumeProjection part, String file, PodSources sources) {
    if (part.getConfigMap() != null) {
      String entry = entry(part.getConfigMap().getItems(), file);
      return entry == null ? null : sources.configMap(part.getConfigMap().getName()).get(entry);
    }
    if (part.getSecret() != null) {
      String entry = entry(part.getSecret().getItems(), file);
      return entry == null ? null : sources.secretFile(part.getSecret().getName(), entry);
    }
    return null;
  }

  /** With {@code items} a volume has only these files, under names of their own. */
  private static @Nullable String entry(@Nullable List<KeyToPath> items, String file) {
    if (items == null || items.isEmpty()) {
      return file;
    }
    for (KeyToPath item : items) {
      if (file.equals(item.getPath())) {
        return item.getKey();
      }
    }
    return null;
  }
}
