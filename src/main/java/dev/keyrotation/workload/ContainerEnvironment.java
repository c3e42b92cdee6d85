package dev.keyrotation.workload;

import io.fabric8.kubernetes.api.model.ConfigMapEnvSource;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.EnvFromSource;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.EnvVarSource;
import io.fabric8.kubernetes.api.model.SecretEnvSource;
import io.fabric8.kubernetes.api.model.SecretKeySelector;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A container's environment by Kubernetes' rules: {@code env} wins over {@code envFrom}, of two
 * that name a variable the later wins, {@code envFrom} puts its prefix before the entry's name, an
 * optional reference to an entry that does not exist sets nothing, and {@code $(NAME)} stands for a
 * variable that was defined before.
 */
final class ContainerEnvironment {
  private static final Pattern REFERENCE = Pattern.compile("\\$\\(([^()]+)\\)");

  private final Container container;
  private final PodSources sources;
  private final Map<String, Set<String>> added;

  /**
   * @param added entries that Secrets are going to have, by name of the Secret: the environment is
   *     the one of a container that is started then
   */
  ContainerEnvironment(Container container, PodSources sources, Map<String, Set<String>> added) {
    this.container = container;
    this.sources = sources;
    this.added = added;
  }

  /** Where the variable comes from; null when it is not set. */
  @Nullable EnvSource source(String variable) {
    return source(variable, container.getEnv().size());
  }

  /** Looks at the first {@code limit} entries of {@code env} and at all of {@code envFrom}. */
  private @Nullable EnvSource source(String variable, int limit) {
    List<EnvVar> env = container.getEnv();
    for (int i = limit - 1; i >= 0; i--) {
      if (variable.equals(env.get(i).getName())) {
        EnvSource source = of(env.get(i), i);
        if (source != null) {
          return source;
        }
      }
    }
    List<EnvFromSource> froms = container.getEnvFrom();
    for (int i = froms.size() - 1; i >= 0; i--) {
      EnvSource source = of(froms.get(i), variable);
      if (source != null) {
        return source;
      }
    }
    return null;
  }

  private @Nullable EnvSource of(EnvVar variable, int index) {
    EnvVarSource from = variable.getValueFrom();
    if (from == null) {
      return literal(variable.getValue() == null ? "" : variable.getValue(), index);
    }
    SecretKeySelector secret = from.getSecretKeyRef();
    if (secret != null) {
      boolean absent =
          Boolean.TRUE.equals(secret.getOptional()) && !hasEntry(secret.getName(), secret.getKey());
      return absent ? null : new EnvSource.SecretEntry(secret.getName(), secret.getKey());
    }
    if (from.getConfigMapKeyRef() != null) {
      return new EnvSource.ConfigMapEntry(
          from.getConfigMapKeyRef().getName(), from.getConfigMapKeyRef().getKey());
    }
    return new EnvSource.Computed();
  }

  private EnvSource literal(String value, int index) {
    Matcher reference = REFERENCE.matcher(value);
    if (reference.matches()) {
      EnvSource referred = source(reference.group(1), index);
      return referred == null ? new EnvSource.Literal(value) : referred;
    }
    return reference.reset().find() ? new EnvSource.Computed() : new EnvSource.Literal(value);
  }

  private @Nullable EnvSource of(EnvFromSource from, String variable) {
    String prefix = from.getPrefix() == null ? "" : from.getPrefix();
    if (!variable.startsWith(prefix)) {
      return null;
    }
    String entry = variable.substring(prefix.length());
    SecretEnvSource secret = from.getSecretRef();
    if (secret != null && hasEntry(secret.getName(), entry)) {
      return new EnvSource.SecretEntry(secret.getName(), entry);
    }
    ConfigMapEnvSource map = from.getConfigMapRef();
    if (map != null && sources.configMap(map.getName()).containsKey(entry)) {
      return new EnvSource.ConfigMapEntry(map.getName(), entry);
    }
    return null;
  }

  private boolean hasEntry(String secret, String entry) {
    return sources.secretEntries(secret).contains(entry)
        || added.getOrDefault(secret, Set.of()).contains(entry);
  }

  /** The value of a variable that is no secret: a literal or from a ConfigMap; else null. */
  @Nullable String text(String variable) {
    return switch (source(variable)) {
      case EnvSource.Literal(String value) -> value;
      case EnvSource.ConfigMapEntry(String map, String entry) -> sources.configMap(map).get(entry);
      case null, default -> null;
    };
  }

  /** Replaces {@code $(NAME)} in an argument, where the value is known. */
  String expand(String argument) {
    return REFERENCE
        .matcher(argument)
        .replaceAll(
            reference -> {
              String value = text(reference.group(1));
              return Matcher.quoteReplacement(value == null ? reference.group() : value);
            });
  }
}
