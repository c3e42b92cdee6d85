package dev.keyrotation.metrics;

import dev.keyrotation.api.v1alpha1.HistoryEntry;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.RotationStatus;
import dev.keyrotation.engine.Turn;
import dev.keyrotation.plan.Decision;
import dev.keyrotation.plan.Statuses;
import dev.keyrotation.plan.StepOutcome;
import io.javaoperatorsdk.operator.api.monitoring.Metrics;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Keeps the metrics of every KeyRotation that this process has looked at. They go with the
 * resource: the framework tells when it is gone, also when somebody took its finalizer away.
 *
 * <p>Counters count what this process has seen, an edge at least once: a turn whose status could
 * not be written is taken again.
 */
public final class RotationMetrics implements Metrics {
  private final MeterRegistry registry;
  private final GaugeBoard gauges;
  private final GaugeBoard audits;

  /**
   * @param leads whether this process acts
   */
  public RotationMetrics(MeterRegistry registry, BooleanSupplier leads) {
    this.registry = registry;
    this.gauges = new GaugeBoard(registry);
    this.audits = new GaugeBoard(registry);
    Gauge.builder(Metric.LEADER.text(), leads, it -> it.getAsBoolean() ? 1 : 0)
        .description(Metric.LEADER.help())
        .strongReference(true)
        .register(registry);
  }

  /** Tells what a turn did and what is after it. */
  public void report(KeyRotation primary, Turn.Taken taken, Instant now) {
    String namespace = primary.getMetadata().getNamespace();
    String name = primary.getMetadata().getName();
    gauges.show(
        ResourceID.fromResource(primary),
        StatusSamples.of(namespace, name, taken.status(), taken.operand()));
    List<String> resource = List.of(namespace, name);
    RotationStatus before = Statuses.of(primary).rotation();
    switch (taken.decision()) {
      case Decision.Advance(RotationStatus next) -> stepDone(resource, before, now);
      case Decision.Execute(RotationStatus rotation)
          when taken.outcome() instanceof StepOutcome.Failed failed ->
          failed(resource, rotation, failed.reason().text());
      case Decision.TurnBack back -> failed(resource, back.rotation(), back.reason().text());
      case Decision.Finish(RotationStatus rotation, HistoryEntry entry) -> {
        stepDone(resource, before, now);
        ended(resource, entry);
      }
      default -> {}
    }
  }

  /** Tells whether the audit lacks lines that could not be written. */
  public void auditBehind(KeyRotation primary, boolean behind) {
    List<String> resource =
        List.of(primary.getMetadata().getNamespace(), primary.getMetadata().getName());
    audits.show(
        ResourceID.fromResource(primary),
        List.of(new Sample(Metric.AUDIT_BEHIND, resource, behind ? 1 : 0)));
  }

  private void stepDone(List<String> resource, @Nullable RotationStatus before, Instant now) {
    if (before != null) {
      Timer.builder(base(Metric.STEP_DURATION))
          .description(Metric.STEP_DURATION.help())
          .tags(
              Sample.tags(
                  Metric.STEP_DURATION,
                  List.of(
                      resource.get(0),
                      resource.get(1),
                      ApiWord.of(before.step()),
                      ApiWord.of(before.direction()))))
          .register(registry)
          .record(Duration.between(Instant.parse(before.stepStartedAt()), now));
    }
  }

  private void failed(List<String> resource, RotationStatus rotation, String reason) {
    counter(
            Metric.FAILURES,
            List.of(resource.get(0), resource.get(1), ApiWord.of(rotation.step()), reason))
        .increment();
  }

  private void ended(List<String> resource, HistoryEntry entry) {
    counter(Metric.ROTATIONS, List.of(resource.get(0), resource.get(1), ApiWord.of(entry.result())))
        .increment();
    counter(Metric.VALUES_REENCRYPTED, resource).increment(entry.data().valuesReencrypted());
    counter(Metric.UNAVAILABLE, resource).increment(entry.unavailableSeconds());
  }

  private Counter counter(Metric metric, List<String> labels) {
    return Counter.builder(base(metric))
        .description(metric.help())
        .tags(Sample.tags(metric, labels))
        .register(registry);
  }

  /** The registry puts unit and {@code _total} behind names by itself. */
  private static String base(Metric metric) {
    return switch (metric.kind()) {
      case GAUGE -> metric.text();
      case COUNTER -> metric.text().replaceFirst("_total$", "");
      case SUMMARY -> metric.text().replaceFirst("_seconds$", "");
    };
  }

  @Override
  public void cleanupDone(ResourceID id, Map<String, Object> metadata) {
    gauges.forget(id);
    audits.forget(id);
    registry.getMeters().stream()
        .map(Meter::getId)
        .filter(
            meter ->
                meter.getName().startsWith("keyrotation_")
                    && id.getName().equals(meter.getTag("name"))
                    && id.getNamespace().orElse("").equals(meter.getTag("namespace")))
        .forEach(registry::remove);
  }
}
