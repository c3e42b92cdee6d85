package dev.keyrotation.controller;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.audit.AuditChain;
import dev.keyrotation.audit.AuditEntryBuilder;
import dev.keyrotation.audit.AuditEvent;
import dev.keyrotation.audit.AuditRecord;
import dev.keyrotation.audit.StatusEdges.Edge;
import dev.keyrotation.cluster.AuditMaps;
import dev.keyrotation.cluster.TestCluster;
import dev.keyrotation.cluster.TestRotations;
import dev.keyrotation.failure.RotationException;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What a mock server lacks: dry runs, versions that are compared, immutable objects, limits. */
@Tag("cluster")
class ClusterAuditIT {
  @AutoClose private final TestCluster cluster = TestCluster.connect();
  private final KubernetesClient client = cluster.client();
  private KeyRotation rotation;

  @BeforeEach
  void connect() {
    rotation = TestRotations.in(cluster.namespace());
  }

  private List<ConfigMap> maps() {
    return List.copyOf(
        AuditMaps.of(
                "litellm", client.configMaps().inNamespace(cluster.namespace()).list().getItems())
            .values());
  }

  private List<String> lines() {
    return maps().stream().flatMap(map -> AuditMaps.lines(map).stream()).toList();
  }

  /** Each tells of a failure in many characters that take three bytes. */
  private static List<Edge> edges(int count) {
    return IntStream.range(0, count)
        .mapToObj(
            number ->
                new Edge(
                    Instant.parse("2026-11-25T03:00:00Z"),
                    AuditEntryBuilder.builder()
                        .event(AuditEvent.ATTEMPT_FAILED)
                        .rotation("litellm-r" + number)
                        .message("\u20ac".repeat(3000))
                        .build()))
        .toList();
  }

  /** What of {@code edges} is missing, when they are told in their order. */
  private static Function<List<AuditRecord>, List<Edge>> all(List<Edge> edges) {
    return lines -> edges.subList(lines.isEmpty() ? 0 : (int) lines.getLast().seq(), edges.size());
  }

  @Test
  void whetherItCanBeWrittenIsAskedWithoutAWrite() {
    AuditStore store = new AuditStore(client);

    store.requireWritable(rotation);

    assertThat(maps()).isEmpty();
    store.append(rotation, all(edges(1)));
    String version = maps().getFirst().getMetadata().getResourceVersion();
    store.requireWritable(rotation);
    assertThat(maps().getFirst().getMetadata().getResourceVersion()).isEqualTo(version);
  }

  @Test
  void moreThanOneObjectMayHoldGoesIntoSeveralThatNobodyCanEdit() {
    new AuditStore(client).append(rotation, all(edges(400)));

    assertThat(lines()).hasSize(400);
    assertThat(AuditChain.check(lines())).isInstanceOf(AuditChain.Check.Intact.class);
    assertThat(maps()).hasSizeGreaterThan(2);
    ConfigMap first = maps().getFirst();
    first.getData().put(AuditMaps.ENTRY, "");
    assertThatThrownBy(() -> client.resource(first).update())
        .isInstanceOf(KubernetesClientException.class)
        .hasMessageContaining("immutable");
  }

  @Test
  void twoThatWriteAtOnceLoseNoLine() {
    AuditStore one = new AuditStore(client);
    AuditStore other = new AuditStore(client);
    Edge edge = edges(1).getFirst();
    one.append(rotation, lines -> lines.isEmpty() ? List.of(edge) : List.of());

    AtomicInteger reads = new AtomicInteger();
    one.append(
        rotation,
        lines -> {
          if (reads.getAndIncrement() == 0) {
            other.append(rotation, its -> its.size() < 2 ? List.of(edge) : List.of());
          }
          return lines.size() < 3 ? List.of(edge) : List.of();
        });

    assertThat(lines()).hasSize(3);
    assertThat(AuditChain.check(lines())).isInstanceOf(AuditChain.Check.Intact.class);
  }

  @Test
  void whoHasNoRightSaysSoBeforeARotationBegins() {
    try (KubernetesClient stranger =
        new KubernetesClientBuilder()
            .withConfig(
                new ConfigBuilder(client.getConfiguration())
                    .withImpersonateUsername("stranger")
                    .build())
            .build()) {
      assertThatThrownBy(() -> new AuditStore(stranger).requireWritable(rotation))
          .isInstanceOfSatisfying(
              RotationException.class,
              e -> assertThat(e.reason()).isEqualTo(ConditionReason.AUDIT_NOT_WRITTEN))
          .hasMessageContaining("403");
    }
    assertThatCode(() -> new AuditStore(client).requireWritable(rotation))
        .doesNotThrowAnyException();
  }
}
