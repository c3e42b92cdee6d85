package dev.keyrotation.metrics;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/**
 * Every metric of ours. Names, labels and help are what Prometheus shows and {@code
 * docs/metrics.md} lists; none is renamed within a major version.
 */
public enum Metric {
  LEADER(
      Kind.GAUGE,
      "keyrotation_leader",
      List.of(),
      "1 when this process is the one that acts, 0 while it stands by."),
  ACTIVE_REVISION(
      Kind.GAUGE,
      "keyrotation_active_revision",
      Labels.RESOURCE,
      "Revision of the keys that are in use."),
  ACTIVE_KEYS_SINCE(
      Kind.GAUGE,
      "keyrotation_active_keys_since_timestamp_seconds",
      Labels.RESOURCE,
      "Since when the keys that are in use are in use, Unix time; their age is time() minus it."),
  NEXT_ROTATION(
      Kind.GAUGE,
      "keyrotation_next_rotation_timestamp_seconds",
      Labels.RESOURCE,
      "When the schedule is due next, Unix time; none without schedule, in mid-rotation and while"
          + " suspended."),
  CONDITION(
      Kind.GAUGE,
      "keyrotation_condition",
      Labels.resourceAnd("condition", "status", "reason"),
      "1 for the present status and reason of each condition."),
  ROTATION_STEP(
      Kind.GAUGE,
      "keyrotation_rotation_step",
      Labels.resourceAnd("step", "direction"),
      "1 for the present step and direction of the rotation that is under way; none at rest."),
  ROTATION_STARTED(
      Kind.GAUGE,
      "keyrotation_rotation_started_timestamp_seconds",
      Labels.RESOURCE,
      "When the rotation that is under way began, Unix time."),
  STEP_STARTED(
      Kind.GAUGE,
      "keyrotation_rotation_step_started_timestamp_seconds",
      Labels.RESOURCE,
      "When its present step began, Unix time."),
  STEP_ATTEMPTS(
      Kind.GAUGE,
      "keyrotation_rotation_step_failed_attempts",
      Labels.RESOURCE,
      "Failed attempts of its present step."),
  STEP_PROGRESS(
      Kind.GAUGE,
      "keyrotation_rotation_step_progress_ratio",
      Labels.RESOURCE,
      "How far its present step is, 0 to 1; none while that is not known."),
  WORKLOADS_STOPPED(
      Kind.GAUGE,
      "keyrotation_workloads_stopped_timestamp_seconds",
      Labels.RESOURCE,
      "Since when no instance is to serve, Unix time; none while instances are to serve."),
  STRAGGLERS(
      Kind.GAUGE,
      "keyrotation_straggler_instances",
      Labels.RESOURCE,
      "Instances that are not, or not yet known to be, available with the keys that they should"
          + " have."),
  LAST_ROTATION(
      Kind.GAUGE,
      "keyrotation_last_rotation_timestamp_seconds",
      Labels.resourceAnd("result"),
      "When the last rotation ended, Unix time, and how."),
  SOAK_UNTIL(
      Kind.GAUGE,
      "keyrotation_soak_until_timestamp_seconds",
      Labels.RESOURCE,
      "Until when the time after the last rotation is watched, Unix time; none when it is over."),
  SOAK_LAST_LOOK(
      Kind.GAUGE,
      "keyrotation_soak_last_look_timestamp_seconds",
      Labels.RESOURCE,
      "When the last look after the last rotation was taken, Unix time."),
  SOAK_PROBLEMS(
      Kind.GAUGE,
      "keyrotation_soak_problems",
      Labels.resourceAnd("reason"),
      "What the looks after the last rotation found, by kind: answers, lines or values; none when"
          + " nothing."),
  SOAK_REFUSALS(
      Kind.GAUGE,
      "keyrotation_soak_refused_requests",
      Labels.RESOURCE,
      "Log lines about refused requests since the last rotation; clients with the old key and the"
          + " looks themselves cause them."),
  AUDIT_BEHIND(
      Kind.GAUGE,
      "keyrotation_audit_behind",
      Labels.RESOURCE,
      "1 while the audit lacks lines because it cannot be written, else 0."),
  ROTATIONS(
      Kind.COUNTER,
      "keyrotation_rotations_total",
      Labels.resourceAnd("result"),
      "Rotations that ended."),
  STEP_DURATION(
      Kind.SUMMARY,
      "keyrotation_step_duration_seconds",
      Labels.resourceAnd("step", "direction"),
      "How long steps took that were completed."),
  FAILURES(
      Kind.COUNTER,
      "keyrotation_failures_total",
      Labels.resourceAnd("step", "reason"),
      "Failed attempts of steps."),
  VALUES_REENCRYPTED(
      Kind.COUNTER,
      "keyrotation_values_reencrypted_total",
      Labels.RESOURCE,
      "Stored values that ended rotations re-encrypted."),
  UNAVAILABLE(
      Kind.COUNTER,
      "keyrotation_unavailable_seconds_total",
      Labels.RESOURCE,
      "Seconds for which ended rotations left no instance to serve.");

  /** Prometheus' types. */
  public enum Kind {
    GAUGE,
    COUNTER,
    /** Count and sum, and the largest of the last minutes as a gauge {@code …_max}. */
    SUMMARY
  }

  private final Kind kind;
  private final String text;
  private final List<String> labels;
  private final String help;

  Metric(Kind kind, String text, List<String> labels, String help) {
    this.kind = kind;
    this.text = text;
    this.labels = labels;
    this.help = help;
  }

  public Kind kind() {
    return kind;
  }

  /** Its name as Prometheus has it. */
  public String text() {
    return text;
  }

  /** Names of its labels, in the order in which values are given. */
  public List<String> labels() {
    return labels;
  }

  public String help() {
    return help;
  }

  /** {@code namespace} and {@code name} are those of the KeyRotation. */
  private static final class Labels {
    static final List<String> RESOURCE = List.of("namespace", "name");

    static List<String> resourceAnd(String... more) {
      return Stream.concat(RESOURCE.stream(), Arrays.stream(more)).toList();
    }
  }
}
