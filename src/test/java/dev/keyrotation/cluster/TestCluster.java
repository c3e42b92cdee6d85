package dev.keyrotation.cluster;

import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.awaitility.Awaitility;

/** A real API server, with the committed definition and a namespace of this test's own. */
public final class TestCluster implements AutoCloseable {
  private static final String VARIABLE = "KEYROTATION_TEST_KUBECONFIG";

  private final KubernetesClient client;
  private final String namespace;

  private TestCluster(KubernetesClient client, String namespace) {
    this.client = client;
    this.namespace = namespace;
  }

  /** Connects to the API server that {@code e2e/cluster/with-apiserver.sh} started. */
  public static TestCluster connect() {
    String kubeconfig = System.getenv(VARIABLE);
    if (kubeconfig == null) {
      throw new IllegalStateException(
          VARIABLE
              + " is not set: run these tests through e2e/cluster/with-apiserver.sh (make test does)");
    }
    try {
      KubernetesClient client =
          new KubernetesClientBuilder()
              .withConfig(Config.fromKubeconfig(Files.readString(Path.of(kubeconfig))))
              .build();
      try (InputStream definition =
          new FileInputStream("deploy/crds/keyrotations.keyrotation.dev-v1.yml")) {
        client.load(definition).serverSideApply();
      }
      Awaitility.await("the definition is served")
          .atMost(Duration.ofSeconds(30))
          .ignoreExceptions()
          .until(
              () ->
                  client
                          .genericKubernetesResources("keyrotation.dev/v1alpha1", "KeyRotation")
                          .inAnyNamespace()
                          .list()
                      != null);
      String namespace =
          client
              .resource(
                  new NamespaceBuilder()
                      .withNewMetadata()
                      .withGenerateName("test-")
                      .endMetadata()
                      .build())
              .create()
              .getMetadata()
              .getName();
      return new TestCluster(client, namespace);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public KubernetesClient client() {
    return client;
  }

  public String namespace() {
    return namespace;
  }

  @Override
  public void close() {
    client.namespaces().withName(namespace).delete();
    client.close();
  }
}
