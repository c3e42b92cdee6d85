package dev.keyrotation.workload;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Map;
import java.util.stream.Collectors;

/** LiteLLM's objects in namespace {@code ai}, from {@code src/test/resources/workload}. */
final class Fixture {
  private String yaml;

  private Fixture(String yaml) {
    this.yaml = yaml;
  }

  static Fixture of(String name) {
    try (InputStream in = Fixture.class.getResourceAsStream("/workload/" + name + ".yaml")) {
      return new Fixture(new String(in.readAllBytes(), StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Exchanges a part of the text; it has to be there. */
  Fixture with(String part, String other) {
    if (!yaml.contains(part)) {
      throw new IllegalArgumentException("the fixture has no: " + part);
    }
    yaml = yaml.replace(part, other);
    return this;
  }

  ConfigMap configMap() {
    return Serialization.unmarshal(yaml.split("\n---\n")[0], ConfigMap.class);
  }

  Deployment deployment() {
    return Serialization.unmarshal(yaml.split("\n---\n")[1], Deployment.class);
  }

  /** Creates ConfigMap and Deployment. */
  void create(KubernetesClient client) {
    client.resource(configMap()).create();
    client.resource(deployment()).create();
  }

  static void secret(KubernetesClient client, String name, Map<String, String> entries) {
    client
        .resource(
            new SecretBuilder()
                .withNewMetadata()
                .withName(name)
                .withNamespace("ai")
                .endMetadata()
                .withData(
                    entries.entrySet().stream()
                        .collect(
                            Collectors.toMap(
                                Map.Entry::getKey,
                                entry ->
                                    Base64.getEncoder()
                                        .encodeToString(
                                            entry.getValue().getBytes(StandardCharsets.UTF_8)))))
                .build())
        .create();
  }
}
