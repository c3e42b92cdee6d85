package dev.keyrotation.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.keyrotation.api.v1alpha1.DataCounts;
import dev.keyrotation.api.v1alpha1.HistoryEntry;
import dev.keyrotation.api.v1alpha1.HistoryEntryBuilder;
import dev.keyrotation.api.v1alpha1.KeyFingerprints;
import dev.keyrotation.api.v1alpha1.KeyKind;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.KeyRotationStatus;
import dev.keyrotation.api.v1alpha1.PlanStatus;
import dev.keyrotation.api.v1alpha1.RolloutMode;
import dev.keyrotation.api.v1alpha1.RotationResult;
import dev.keyrotation.api.v1alpha1.Trigger;
import dev.keyrotation.engine.HostedWorld;
import dev.keyrotation.plan.Statuses;
import io.fabric8.kubernetes.api.model.ConditionBuilder;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.server.mock.EnableKubernetesMockClient;
import io.fabric8.kubernetes.client.server.mock.KubernetesMockServer;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What is asked of the API server, and how its answers are read; the operator is the test. */
@EnableKubernetesMockClient(crud = true)
class ClusterBackendTest {
  static KubernetesClient client;
  static KubernetesMockServer server;

  private Instant now = Instant.parse("2026-11-25T03:00:00Z");
  private Runnable operator = () -> {};
  private final Stop stop =
      new Stop() {
        @Override
        void pause(Duration time) {
          now = now.plus(time);
          operator.run();
        }
      };

  @BeforeEach
  void create() {
    server.reset();
    put(KeyRotationStatus.empty().with().observedGeneration(1L).build());
  }

  private static void put(@Nullable KeyRotationStatus status) {
    KeyRotation resource =
        Resources.with(
            new ObjectMetaBuilder()
                .withName("litellm")
                .withNamespace("ai")
                .withGeneration(1L)
                .build(),
            HostedWorld.spec(),
            status);
    client.resource(resource).createOr(patch -> patch.update());
  }

  private static KeyRotation live() {
    return client.resources(KeyRotation.class).inNamespace("ai").withName("litellm").get();
  }

  private static void setStatus(KeyRotationStatus status) {
    KeyRotation now = live();
    now.setStatus(status.with().observedGeneration(now.getMetadata().getGeneration()).build());
    client.resource(now).update();
  }

  private ClusterBackend backend() {
    Clock clock =
        new Clock() {
          @Override
          public Instant instant() {
            return now;
          }

          @Override
          public ZoneId getZone() {
            return ZoneOffset.UTC;
          }

          @Override
          public Clock withZone(ZoneId zone) {
            return this;
          }
        };
    return new ClusterBackend(client, "ai", "litellm", stop, Duration.ofMinutes(1), clock);
  }

  private static HistoryEntry ended(RotationResult result, @Nullable String request) {
    return HistoryEntryBuilder.builder()
        .id("litellm-r2")
        .revision(2)
        .fromRevision(1)
        .result(result)
        .keys(List.of(KeyKind.MASTER))
        .trigger(Trigger.REQUEST)
        .request(request)
        .oldKeys(new KeyFingerprints("aaaaaaaaaaaa", null))
        .mode(RolloutMode.ROLLING)
        .startedAt("2026-11-25T03:00:00Z")
        .completedAt("2026-11-25T03:01:00Z")
        .data(DataCounts.NONE)
        .build();
  }

  @Test
  void runAsksTheOperatorAndWaitsForTheEnd() {
    operator =
        () -> {
          String request = live().getSpec().rotate().request();
          setStatus(
              KeyRotationStatus.empty()
                  .with()
                  .handledRequest(request)
                  .history(List.of(ended(RotationResult.SUCCEEDED, request)))
                  .build());
        };

    Result result = backend().run(new HostResource.Wish.Rotate("ticket-1"), resource -> {});

    assertThat(live().getSpec().rotate().request()).isEqualTo("ticket-1");
    assertThat(result.exitCode()).isEqualTo(ExitCode.SUCCEEDED);
  }

  @Test
  void aRotationThatWentBackIsNoSuccess() {
    operator =
        () ->
            setStatus(
                KeyRotationStatus.empty()
                    .with()
                    .handledRequest("ticket-1")
                    .history(List.of(ended(RotationResult.ROLLED_BACK, "ticket-1")))
                    .build());

    assertThat(backend().run(new HostResource.Wish.Rotate("ticket-1"), resource -> {}).exitCode())
        .isEqualTo(ExitCode.ROLLED_BACK);
  }

  @Test
  void findingsOfTheOperatorEndTheRun() {
    operator =
        () ->
            setStatus(
                KeyRotationStatus.empty()
                    .with()
                    .plan(
                        new PlanStatus(
                            List.of(),
                            null,
                            null,
                            0,
                            List.of(),
                            0,
                            null,
                            List.of("SecretNotFound: it does not exist."),
                            List.of()))
                    .conditions(
                        List.of(
                            new ConditionBuilder()
                                .withType("Stalled")
                                .withStatus("True")
                                .withReason("SecretNotFound")
                                .withMessage("it does not exist.")
                                .build()))
                    .build());

    Result result = backend().run(new HostResource.Wish.Rotate("ticket-1"), resource -> {});

    assertThat(result.exitCode()).isEqualTo(ExitCode.FINDINGS);
    assertThat(result.sentence()).contains("SecretNotFound").contains("The request stays");
  }

  @Test
  void noOperatorIsNotWaitedForForever() {
    put(KeyRotationStatus.empty());

    Result result = backend().run(new HostResource.Wish.Rotate("ticket-1"), resource -> {});

    assertThat(result.exitCode()).isEqualTo(ExitCode.STALLED);
    assertThat(result.sentence()).contains("No operator answers");
  }

  @Test
  void rollbackNamesTheLastRotation() {
    setStatus(
        KeyRotationStatus.empty()
            .with()
            .history(List.of(ended(RotationResult.SUCCEEDED, "ticket-1")))
            .build());
    operator = stop::ask;

    backend().rollBack(null, resource -> stop.ask());

    assertThat(live().getSpec().rotate().rollBack()).isEqualTo("litellm-r2");
  }

  @Test
  void aResourceThatIsNotThereIsAWrongInput() {
    server.reset();

    assertThatThrownBy(() -> backend().read())
        .isInstanceOfSatisfying(
            CommandFailure.class, f -> assertThat(f.exitCode()).isEqualTo(ExitCode.BAD_INPUT));
  }

  @Test
  void verifyReadsTheConditions() {
    setStatus(
        Statuses.of(live())
            .with()
            .conditions(
                List.of(
                    new ConditionBuilder()
                        .withType("Ready")
                        .withStatus("False")
                        .withReason("InstancesNotOnActiveKeys")
                        .withMessage("pod-1 is not settled.")
                        .build()))
            .build());

    assertThat(backend().verify())
        .anyMatch(c -> c.subject().equals("Ready") && c.outcome() == Backend.Outcome.PROBLEM)
        .anyMatch(c -> c.subject().equals("Stalled") && c.outcome() == Backend.Outcome.UNCLEAR);
  }
}
