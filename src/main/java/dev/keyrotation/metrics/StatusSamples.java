package dev.keyrotation.metrics;

import dev.keyrotation.api.v1alpha1.ActiveKeys;
import dev.keyrotation.api.v1alpha1.HistoryEntry;
import dev.keyrotation.api.v1alpha1.KeyRotationStatus;
import dev.keyrotation.api.v1alpha1.Progress;
import dev.keyrotation.api.v1alpha1.RotationStatus;
import dev.keyrotation.api.v1alpha1.SoakStatus;
import dev.keyrotation.api.v1alpha1.StepName;
import dev.keyrotation.plan.ObservedState.Operand;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a status says, as gauges. Pure. */
final class StatusSamples {
  private final String namespace;
  private final String name;
  private final List<Sample> samples = new ArrayList<>();

  private StatusSamples(String namespace, String name) {
    this.namespace = namespace;
    this.name = name;
  }

  /**
   * @param operand how the running instances stand to the active keys; null in mid-rotation
   */
  static List<Sample> of(
      String namespace, String name, KeyRotationStatus status, @Nullable Operand operand) {
    StatusSamples all = new StatusSamples(namespace, name);
    status
        .conditions()
        .forEach(c -> all.add(Metric.CONDITION, 1, c.getType(), c.getStatus(), c.getReason()));
    ActiveKeys active = status.activeKeys();
    if (active != null) {
      all.add(Metric.ACTIVE_REVISION, active.revision());
      all.addTime(Metric.ACTIVE_KEYS_SINCE, active.since());
    }
    all.addTime(Metric.NEXT_ROTATION, status.nextRotationAt());
    RotationStatus rotation = status.rotation();
    if (rotation != null) {
      all.addRotation(rotation);
    }
    switch (operand) {
      case Operand.OnActiveKeys fine -> all.add(Metric.STRAGGLERS, 0);
      case Operand.Drifted drifted -> all.add(Metric.STRAGGLERS, drifted.stragglers());
      case Operand.Unclear unclear -> {}
      case null -> {}
    }
    SoakStatus soak = status.soak();
    if (soak != null) {
      all.addSoak(soak);
    }
    if (!status.history().isEmpty()) {
      HistoryEntry last = status.history().getFirst();
      all.addTime(Metric.LAST_ROTATION, last.completedAt(), ApiWord.of(last.result()));
    }
    return all.samples;
  }

  private void addRotation(RotationStatus rotation) {
    add(Metric.ROTATION_STEP, 1, ApiWord.of(rotation.step()), ApiWord.of(rotation.direction()));
    addTime(Metric.ROTATION_STARTED, rotation.startedAt());
    addTime(Metric.STEP_STARTED, rotation.stepStartedAt());
    add(Metric.STEP_ATTEMPTS, rotation.attempts());
    Progress progress = rotation.progress();
    if (progress != null && progress.total() > 0) {
      add(Metric.STEP_PROGRESS, (double) progress.done() / progress.total());
      if (rotation.step() == StepName.RESTART_WORKLOADS) {
        add(Metric.STRAGGLERS, progress.total() - progress.done());
      }
    }
    addTime(Metric.WORKLOADS_STOPPED, rotation.stoppedAt());
  }

  private void addSoak(SoakStatus soak) {
    if (soak.underWay()) {
      addTime(Metric.SOAK_UNTIL, soak.until());
    }
    addTime(Metric.SOAK_LAST_LOOK, soak.lastLookAt());
    soak.problems().forEach(found -> add(Metric.SOAK_PROBLEMS, found.count(), found.reason()));
    add(Metric.SOAK_REFUSALS, soak.refusals());
  }

  private void addTime(Metric metric, @Nullable String time, String... more) {
    if (time != null) {
      add(metric, Instant.parse(time).toEpochMilli() / 1_000.0, more);
    }
  }

  private void add(Metric metric, double value, String... more) {
    List<String> labels = new ArrayList<>(List.of(namespace, name));
    labels.addAll(List.of(more));
    samples.add(new Sample(metric, labels, value));
  }
}
