package dev.keyrotation.metrics;

import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;

/** Gauges of resources. A value that is no longer known is not shown, rather than shown as zero. */
final class GaugeBoard {
  private final MeterRegistry registry;
  private final Map<ResourceID, Map<Line, Shown>> shown = new ConcurrentHashMap<>();

  GaugeBoard(MeterRegistry registry) {
    this.registry = registry;
  }

  private record Line(Metric metric, List<String> labels) {}

  private record Shown(Gauge gauge, AtomicReference<Double> value) {}

  /** Shows these for the resource, and nothing else. */
  void show(ResourceID id, List<Sample> samples) {
    shown.compute(id, (key, before) -> next(before == null ? Map.of() : before, samples));
  }

  void forget(ResourceID id) {
    shown.computeIfPresent(
        id,
        (key, before) -> {
          before.values().forEach(old -> registry.remove(old.gauge()));
          return null;
        });
  }

  private Map<Line, Shown> next(Map<Line, Shown> before, List<Sample> samples) {
    Map<Line, Shown> after = new HashMap<>();
    for (Sample sample : samples) {
      Line line = new Line(sample.metric(), sample.labels());
      Shown old = before.get(line);
      Shown present = old == null ? register(line) : old;
      present.value().set(sample.value());
      after.put(line, present);
    }
    before.forEach(
        (line, old) -> {
          if (!after.containsKey(line)) {
            registry.remove(old.gauge());
          }
        });
    return after;
  }

  private Shown register(Line line) {
    AtomicReference<Double> value = new AtomicReference<>(0.0);
    Gauge gauge =
        Gauge.builder(line.metric().text(), value, AtomicReference::get)
            .description(line.metric().help())
            .tags(Sample.tags(line.metric(), line.labels()))
            .strongReference(true)
            .register(registry);
    return new Shown(gauge, value);
  }
}
