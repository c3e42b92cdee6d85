package dev.keyrotation.observe;

import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.Progress;
import dev.keyrotation.api.v1alpha1.RotationStatus;
import dev.keyrotation.api.v1alpha1.WorkloadSpec;
import dev.keyrotation.plan.Evidence;
import dev.keyrotation.plan.RestartPlan;
import dev.keyrotation.workload.Workloads;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * RestartWorkloads: in order, every workload has its size and runs nothing but instances with the
 * rotation's mark.
 */
final class RestartWorkloadsObserver implements StepObserver {
  /** How long after the step's beginning a session with the mark may be missing. */
  private static final Duration MARK_PATIENCE = Duration.ofSeconds(30);

  private final Workloads workloads;
  private final OldInstances old;

  RestartWorkloadsObserver(Workloads workloads, OldInstances old) {
    this.workloads = workloads;
    this.old = old;
  }

  @Override
  public Evidence evidence(KeyRotation primary, RotationStatus rotation, Instant now) {
    long done = 0;
    long total = 0;
    Evidence first = null;
    for (WorkloadSpec spec : primary.getSpec().workloads()) {
      Workloads.State state = workloads.observe(primary, spec);
      int wanted = RestartPlan.size(rotation, state.name(), state.replicas());
      total += wanted;
      done +=
          state.instances().stream()
              .filter(i -> i.ready() && !i.terminating() && rotation.stamp().equals(i.stamp()))
              .count();
      if (first == null) {
        first = evidence(rotation, state, wanted);
      }
    }
    if (old.fenceIsTooWide(primary, rotation)) {
      // Old instances have gone, or a new one came to the address of an old one: the fence follows
      // at once.
      first = new Evidence.Absent("the fence shrinks with the old instances", null);
    } else if (first instanceof Evidence.Underway && old.markIsLost(primary, rotation)) {
      return new Evidence.Refuted(
          ConditionReason.CONNECTION_MARK_NOT_SEEN,
          "An instance with the new keys is ready, and the database sees no session with"
              + " application_name "
              + rotation.connectionMark()
              + ": something between them replaces it. New instances cannot read their models.",
          MARK_PATIENCE);
    }
    Progress progress = new Progress(Math.min(done, total), total, "instances ready");
    return switch (first) {
      case null -> Evidence.Present.PLAIN;
      case Evidence.Absent absent -> new Evidence.Absent(absent.message(), progress);
      case Evidence.Underway underway -> new Evidence.Underway(underway.message(), progress);
      default -> first;
    };
  }

  /** Null when the workload is done. */
  private static @Nullable Evidence evidence(
      RotationStatus rotation, Workloads.State state, int wanted) {
    if (!rotation.stamp().equals(state.stamp()) || state.replicas() != wanted) {
      return new Evidence.Absent(state.name() + " is not restarted yet", null);
    }
    if (state.settled()) {
      return null;
    }
    String problem = state.problem();
    if (state.failed()) {
      return new Evidence.Absent(state.name() + " has failed: " + problem, null);
    }
    return new Evidence.Underway(
        state.name() + " is not settled yet" + (problem == null ? "" : ": " + problem), null);
  }
}
