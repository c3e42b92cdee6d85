package dev.keyrotation.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import dev.keyrotation.api.v1alpha1.ActiveKeys;
import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.api.v1alpha1.DataCounts;
import dev.keyrotation.api.v1alpha1.Direction;
import dev.keyrotation.api.v1alpha1.HistoryEntry;
import dev.keyrotation.api.v1alpha1.HistoryEntryBuilder;
import dev.keyrotation.api.v1alpha1.KeyFingerprints;
import dev.keyrotation.api.v1alpha1.KeyKind;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.KeyRotationStatus;
import dev.keyrotation.api.v1alpha1.KeyRotationStatusBuilder;
import dev.keyrotation.api.v1alpha1.Progress;
import dev.keyrotation.api.v1alpha1.RolloutMode;
import dev.keyrotation.api.v1alpha1.RotationResult;
import dev.keyrotation.api.v1alpha1.RotationStatus;
import dev.keyrotation.api.v1alpha1.RotationStatusBuilder;
import dev.keyrotation.api.v1alpha1.StepName;
import dev.keyrotation.api.v1alpha1.Trigger;
import dev.keyrotation.cluster.TestRotations;
import dev.keyrotation.engine.Turn;
import dev.keyrotation.failure.Recovery;
import dev.keyrotation.plan.Decision;
import dev.keyrotation.plan.ObservedState.Operand;
import dev.keyrotation.plan.StepOutcome;
import io.fabric8.kubernetes.api.model.ConditionBuilder;
import io.fabric8.kubernetes.client.utils.Serialization;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.micrometer.prometheus.PrometheusConfig;
import io.micrometer.prometheus.PrometheusMeterRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What a scrape shows, in the words of Prometheus. */
class RotationMetricsTest {
  private static final Instant NOW = Instant.parse("2026-11-24T10:00:00Z");
  private static final String BEGUN = "2026-11-24T09:59:00Z";
  private static final KeyFingerprints KEYS = new KeyFingerprints("aaaaaaaaaaaa", "bbbbbbbbbbbb");

  private final PrometheusMeterRegistry registry =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
  private final RotationMetrics metrics = new RotationMetrics(registry, () -> true);

  private static RotationStatus rotation(StepName step) {
    return RotationStatusBuilder.builder()
        .id("litellm-r2")
        .revision(2)
        .fromRevision(1)
        .direction(Direction.FORWARD)
        .step(step)
        .keys(List.of(KeyKind.MASTER, KeyKind.SALT))
        .mode(RolloutMode.FENCED)
        .trigger(Trigger.REQUEST)
        .startedAt(BEGUN)
        .stepStartedAt(BEGUN)
        .oldKeys(KEYS)
        .reached(step)
        .build();
  }

  private static KeyRotationStatus status(@Nullable RotationStatus rotation) {
    return KeyRotationStatusBuilder.builder(KeyRotationStatus.empty())
        .rotation(rotation)
        .activeKeys(new ActiveKeys(1, KEYS, "2026-11-01T00:00:00Z"))
        .conditions(
            List.of(
                new ConditionBuilder()
                    .withType("Stalled")
                    .withStatus("False")
                    .withReason("Progressing")
                    .withMessage("a sentence")
                    .build()))
        .build();
  }

  private static KeyRotation resource(@Nullable RotationStatus rotation) {
    KeyRotation resource = TestRotations.in("ai");
    resource.setStatus(status(rotation));
    return resource;
  }

  private void report(
      @Nullable RotationStatus before,
      Decision decision,
      StepOutcome outcome,
      KeyRotationStatus after,
      @Nullable Operand operand) {
    metrics.report(
        resource(before),
        new Turn.Taken(decision, outcome, after, Duration.ofSeconds(1), operand),
        NOW);
  }

  private void rest() {
    report(
        null,
        new Decision.Idle(),
        new StepOutcome.NoEffect(),
        status(null),
        new Operand.OnActiveKeys("fine"));
  }

  @Test
  void restShowsAgeConditionsAndNoRotation() {
    rest();

    assertThat(registry.scrape())
        .contains(
            "keyrotation_leader 1.0",
            "keyrotation_active_revision{name=\"litellm\",namespace=\"ai\",} 1.0",
            "keyrotation_active_keys_since_timestamp_seconds{name=\"litellm\",namespace=\"ai\",}"
                + " 1.7934912E9",
            "keyrotation_condition{condition=\"Stalled\",name=\"litellm\",namespace=\"ai\","
                + "reason=\"Progressing\",status=\"False\",} 1.0",
            "keyrotation_straggler_instances{name=\"litellm\",namespace=\"ai\",} 0.0")
        .doesNotContain("keyrotation_rotation_step{", "keyrotation_next_rotation");
  }

  @Test
  void stepUnderWayIsShownUntilTheNextBegins() {
    RotationStatus restart =
        rotation(StepName.RESTART_WORKLOADS).withProgress(new Progress(1, 4, "instances ready"));
    report(
        restart,
        new Decision.Await(restart, "", null),
        new StepOutcome.NoEffect(),
        status(restart),
        null);
    assertThat(registry.scrape())
        .contains(
            "keyrotation_rotation_step{direction=\"Forward\",name=\"litellm\",namespace=\"ai\","
                + "step=\"RestartWorkloads\",} 1.0",
            "keyrotation_rotation_step_progress_ratio{name=\"litellm\",namespace=\"ai\",} 0.25",
            "keyrotation_straggler_instances{name=\"litellm\",namespace=\"ai\",} 3.0");

    RotationStatus verify = rotation(StepName.VERIFY);
    report(restart, new Decision.Advance(verify), new StepOutcome.NoEffect(), status(verify), null);

    assertThat(registry.scrape())
        .contains(
            "step=\"Verify\",} 1.0",
            "keyrotation_step_duration_seconds_sum{direction=\"Forward\",name=\"litellm\","
                + "namespace=\"ai\",step=\"RestartWorkloads\",} 60.0")
        .doesNotContain("step=\"RestartWorkloads\",} 1.0\nkeyrotation_rotation_step{")
        .doesNotContain("keyrotation_rotation_step_progress_ratio{");
  }

  @Test
  void failuresAreCountedByReasonAndResultsAddUp() {
    RotationStatus reencrypt = rotation(StepName.REENCRYPT_DATA);
    report(
        reencrypt,
        new Decision.Execute(reencrypt),
        new StepOutcome.Failed(ConditionReason.DATABASE_UNAVAILABLE, "no answer", Recovery.RETRY),
        status(reencrypt),
        null);
    HistoryEntry entry =
        HistoryEntryBuilder.builder()
            .id("litellm-r2")
            .revision(2)
            .fromRevision(1)
            .result(RotationResult.ROLLED_BACK)
            .keys(List.of(KeyKind.SALT))
            .trigger(Trigger.REQUEST)
            .oldKeys(KEYS)
            .mode(RolloutMode.DRAIN)
            .startedAt(BEGUN)
            .completedAt("2026-11-24T10:00:00Z")
            .unavailableSeconds(17)
            .data(new DataCounts(3, 100, 169, 0, 0))
            .build();
    RotationStatus last = rotation(StepName.CLOSE_GRACE);
    report(
        last,
        new Decision.Finish(last, entry),
        new StepOutcome.NoEffect(),
        status(null).with().history(List.of(entry)).build(),
        null);

    assertThat(registry.scrape())
        .contains(
            "keyrotation_failures_total{name=\"litellm\",namespace=\"ai\",reason=\"DatabaseUnavailable\",step=\"ReencryptData\",}"
                + " 1.0",
            "keyrotation_rotations_total{name=\"litellm\",namespace=\"ai\",result=\"RolledBack\",}"
                + " 1.0",
            "keyrotation_values_reencrypted_total{name=\"litellm\",namespace=\"ai\",} 169.0",
            "keyrotation_unavailable_seconds_total{name=\"litellm\",namespace=\"ai\",} 17.0",
            "keyrotation_last_rotation_timestamp_seconds{name=\"litellm\",namespace=\"ai\","
                + "result=\"RolledBack\",} 1.795514")
        .doesNotContain(KEYS.master(), KEYS.salt(), "a sentence", "no answer");
  }

  @Test
  void nothingIsLeftOfAResourceThatIsGone() {
    failuresAreCountedByReasonAndResultsAddUp();

    metrics.cleanupDone(new ResourceID("litellm", "ai"), Map.of());

    assertThat(registry.scrape()).doesNotContain("litellm").contains("keyrotation_leader");
  }

  @ParameterizedTest
  @EnumSource
  void metricIsDocumentedAsItIs(Metric metric) throws IOException {
    assertThat(Files.readString(Path.of("docs/metrics.md")))
        .contains(
            "| `"
                + metric.text()
                + "` | "
                + metric.kind().name().toLowerCase(java.util.Locale.ROOT)
                + " | "
                + metric.labels().stream().map(l -> "`" + l + "`").collect(Collectors.joining(", "))
                + " | "
                + metric.help()
                + " |");
  }

  @Test
  void rulesAndDashboardNameNoMetricThatThereIsNot() throws IOException {
    String used =
        Files.readString(Path.of("helm/keyrotation/files/alerts.yaml"))
            + Files.readString(Path.of("helm/keyrotation/files/dashboard.json"));
    TreeSet<String> names =
        Pattern.compile("\\bkeyrotation_[a-z_]+")
            .matcher(used)
            .results()
            .map(match -> match.group().replaceFirst("_(sum|count|max)$", ""))
            .collect(Collectors.toCollection(TreeSet::new));

    assertThat(List.of(Metric.values())).extracting(Metric::text).containsAll(names);
    assertThat(names).hasSizeGreaterThan(8);
  }

  @ParameterizedTest
  @EnumSource
  void wordsAreThoseOfTheApi(StepName step) {
    assertThat('"' + ApiWord.of(step) + '"').isEqualTo(Serialization.asJson(step));
  }

  @ParameterizedTest
  @EnumSource
  void resultsAreThoseOfTheApi(RotationResult result) {
    assertThat('"' + ApiWord.of(result) + '"').isEqualTo(Serialization.asJson(result));
  }
}
