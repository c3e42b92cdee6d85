package dev.keyrotation.workload;

import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.cluster.ClusterCall;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Reads from the API server, each object once. */
final class LivePodSources implements PodSources {
  private final KubernetesClient client;
  private final String namespace;
  private final Map<String, Map<String, String>> configMaps = new HashMap<>();
  private final Map<String, Map<String, String>> secrets = new HashMap<>();
  private final Set<String> unread = new LinkedHashSet<>();

  LivePodSources(KubernetesClient client, KeyRotation owner) {
    this.client = client;
    this.namespace = owner.getMetadata().getNamespace();
  }

  @Override
  public Map<String, String> configMap(String name) {
    return configMaps.computeIfAbsent(
        name,
        key ->
            readable(
                "ConfigMap " + key,
                () -> {
                  ConfigMap found = client.configMaps().inNamespace(namespace).withName(key).get();
                  return found == null || found.getData() == null ? Map.of() : found.getData();
                }));
  }

  @Override
  public Set<String> secretEntries(String name) {
    return secret(name).keySet();
  }

  @Override
  public @Nullable String secretFile(String name, String entry) {
    String encoded = secret(name).get(entry);
    return encoded == null
        ? null
        : new String(Base64.getDecoder().decode(encoded), StandardCharsets.UTF_8);
  }

  private Map<String, String> secret(String name) {
    return secrets.computeIfAbsent(
        name,
        key ->
            readable(
                "Secret " + key,
                () -> {
                  Secret found = client.secrets().inNamespace(namespace).withName(key).get();
                  return found == null || found.getData() == null
                      ? Map.of()
                      : new LinkedHashMap<>(found.getData());
                }));
  }

  @Override
  public List<String> autoscalers(String deployment) {
    try {
      return client
          .autoscaling()
          .v2()
          .horizontalPodAutoscalers()
          .inNamespace(namespace)
          .list()
          .getItems()
          .stream()
          .filter(
              scaler ->
                  "Deployment".equals(scaler.getSpec().getScaleTargetRef().getKind())
                      && deployment.equals(scaler.getSpec().getScaleTargetRef().getName()))
          .map(scaler -> scaler.getMetadata().getName())
          .toList();
    } catch (KubernetesClientException e) {
      if (!ClusterCall.isForbidden(e)) {
        throw ClusterCall.failure("list HorizontalPodAutoscalers in " + namespace, e);
      }
      unread.add("HorizontalPodAutoscalers");
      return List.of();
    }
  }

  @Override
  public Set<String> unread() {
    return unread;
  }

  private Map<String, String> readable(String what, Supplier<Map<String, String>> read) {
    try {
      return read.get();
    } catch (KubernetesClientException e) {
      if (!ClusterCall.isForbidden(e)) {
        throw ClusterCall.failure("read " + what + " in " + namespace, e);
      }
      unread.add(what);
      return Map.of();
    }
  }
}
