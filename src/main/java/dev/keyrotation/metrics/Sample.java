package dev.keyrotation.metrics;

import io.micrometer.core.instrument.Tag;
import java.util.List;
import java.util.stream.IntStream;

/** One value of a gauge, with values for the labels of its metric. */
record Sample(Metric metric, List<String> labels, double value) {

  Sample {
    labels = List.copyOf(labels);
    if (labels.size() != metric.labels().size()) {
      throw new IllegalArgumentException(metric.text() + " has the labels " + metric.labels());
    }
  }

  static List<Tag> tags(Metric metric, List<String> labels) {
    return IntStream.range(0, labels.size())
        .mapToObj(i -> Tag.of(metric.labels().get(i), labels.get(i)))
        .toList();
  }
}
