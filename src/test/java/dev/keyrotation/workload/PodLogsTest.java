package dev.keyrotation.workload;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.WorkloadSpec;
import dev.keyrotation.cluster.TestRotations;
import dev.keyrotation.failure.RotationException;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.server.mock.EnableKubernetesMockClient;
import io.fabric8.kubernetes.client.server.mock.KubernetesMockServer;
import java.net.URI;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

@EnableKubernetesMockClient
class PodLogsTest {
  private static final KeyRotation OWNER = TestRotations.in("ai");
  private static final WorkloadSpec WORKLOAD = WorkloadSpec.ofDeployment("litellm");
  private static final Instant SINCE = Instant.parse("2026-11-25T03:00:00.750Z");

  static KubernetesClient client;
  static KubernetesMockServer server;

  @BeforeEach
  void deployment() {
    server
        .expect()
        .get()
        .withPath("/apis/apps/v1/namespaces/ai/deployments/litellm")
        .andReturn(200, Fixture.of("plain").deployment())
        .always();
  }

  private static LogScan logs() {
    Workloads deployments =
        new OnlyObserved(
            List.of(
                new Workloads.Instance(
                    "litellm-1-a", URI.create("http://10.0.0.7:4000"), null, true, false)));
    return new PodLogs(client, deployments);
  }

  /** The same request again gets this answer; the order of its parameters is the client's. */
  private static void answer(int status, String text) throws InterruptedException {
    assertThatThrownBy(() -> logs().scan(OWNER, WORKLOAD, SINCE))
        .isInstanceOf(RotationException.class);
    String path = server.getLastRequest().getPath();
    assertThat(path)
        .startsWith("/api/v1/namespaces/ai/pods/litellm-1-a/log?")
        .contains("container=litellm", "limitBytes=16777216", "sinceTime=2026-11-25T03");
    server.expect().get().withPath(path).andReturn(status, text).once();
  }

  @Test
  void linesSinceTheLookBeforeAreCountedAndNoneIsRepeated() throws InterruptedException {
    answer(
        200,
        "starts\nError decrypting value for key: api_key sk-canary\n"
            + "Authentication Error, Invalid proxy server token passed\n"
            + "Authentication Error\nUnable to decrypt");

    LogScan.Counts counts = logs().scan(OWNER, WORKLOAD, SINCE);

    assertThat(counts).isEqualTo(new LogScan.Counts(2, 2));
  }

  @Test
  void aLogThatMayNotBeReadSaysSo() throws InterruptedException {
    answer(403, "{\"kind\":\"Status\",\"code\":403}");

    assertThatThrownBy(() -> logs().scan(OWNER, WORKLOAD, SINCE))
        .isInstanceOfSatisfying(
            RotationException.class,
            e -> assertThat(e.sentence()).contains("pod ai/litellm-1-a").contains("HTTP 403"));
  }

  private record OnlyObserved(List<Instance> pods) implements Workloads {
    @Override
    public State observe(KeyRotation owner, WorkloadSpec workload) {
      return new State("deployment/litellm", true, 1, null, true, null, false, pods);
    }

    @Override
    public Wiring wiring(KeyRotation owner, WorkloadSpec workload) {
      throw new UnsupportedOperationException();
    }

    @Override
    public void claim(
        KeyRotation owner, WorkloadSpec workload, java.util.function.BooleanSupplier current) {
      throw new UnsupportedOperationException();
    }

    @Override
    public void stop(KeyRotation owner, WorkloadSpec workload) {
      throw new UnsupportedOperationException();
    }

    @Override
    public void stamp(KeyRotation owner, WorkloadSpec workload, String stamp) {
      throw new UnsupportedOperationException();
    }

    @Override
    public void resize(KeyRotation owner, WorkloadSpec workload, int replicas) {
      throw new UnsupportedOperationException();
    }
  }
}
