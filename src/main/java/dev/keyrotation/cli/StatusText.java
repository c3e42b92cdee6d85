package dev.keyrotation.cli;

import dev.keyrotation.api.v1alpha1.ActiveKeys;
import dev.keyrotation.api.v1alpha1.HistoryEntry;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.KeyRotationStatus;
import dev.keyrotation.api.v1alpha1.PlanStatus;
import dev.keyrotation.api.v1alpha1.RotationStatus;
import dev.keyrotation.plan.Statuses;
import dev.keyrotation.status.SoakWords;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** A status for people. */
final class StatusText {
  private StatusText() {}

  /** The status as a result: where things stand, and whether somebody is needed. */
  static Result result(KeyRotation resource) {
    KeyRotationStatus status = Statuses.of(resource);
    RotationStatus rotation = status.rotation();
    if (rotation == null) {
      return new Result(ExitCode.SUCCEEDED, "No rotation is under way.", resource);
    }
    return rotation.stalled() == null
        ? new Result(
            ExitCode.SUCCEEDED,
            "Rotation " + rotation.id() + " is under way, step " + word(rotation.step()) + ".",
            resource)
        : Results.stalled(rotation.stalled(), resource, "");
  }

  static String status(KeyRotation resource, Instant now) {
    KeyRotationStatus status = Statuses.of(resource);
    List<String> parts = new ArrayList<>();
    ActiveKeys active = status.activeKeys();
    parts.add(
        resource.getMetadata().getName()
            + ": "
            + (active == null
                ? "no rotation has been made yet"
                : "keys of revision "
                    + active.revision()
                    + " since "
                    + active.since()
                    + " (master "
                    + active.fingerprints().master()
                    + (active.fingerprints().salt() == null
                        ? ""
                        : ", salt " + active.fingerprints().salt())
                    + ")"));
    if (status.rotation() != null) {
      parts.add(new StepTable().render(resource, now));
    } else if (!status.history().isEmpty()) {
      parts.add(Results.ended(status.history().getFirst(), resource).sentence());
    }
    if (status.soak() != null) {
      parts.add(SoakWords.sentence(status.soak()));
    }
    if (status.nextRotationAt() != null) {
      parts.add("The schedule is due next at " + status.nextRotationAt() + ".");
    }
    if (!status.conditions().isEmpty()) {
      List<List<String>> rows = new ArrayList<>();
      rows.add(List.of("CONDITION", "STATUS", "REASON", "MESSAGE"));
      status
          .conditions()
          .forEach(
              c -> rows.add(List.of(c.getType(), c.getStatus(), c.getReason(), c.getMessage())));
      parts.add(Texts.table(rows));
    }
    return String.join("\n\n", parts);
  }

  static String plan(Result result) {
    PlanStatus plan = Statuses.of(result.resource()).plan();
    if (plan == null) {
      return result.sentence();
    }
    List<String> lines = new ArrayList<>();
    if (!plan.steps().isEmpty()) {
      lines.add(
          "Steps:     "
              + plan.steps().stream().map(StatusText::word).collect(Collectors.joining(", ")));
      lines.add("Mode:      " + word(plan.mode()));
      lines.add("Instances: " + plan.instances());
      lines.add("LiteLLM:   " + (plan.version() == null ? "does not say" : plan.version()));
      lines.add("Values:    " + plan.values() + " to be re-encrypted");
      plan.columns().forEach(column -> lines.add("           " + column));
    }
    plan.warnings().forEach(warning -> lines.add("Warning:   " + warning));
    lines.add(result.sentence());
    return String.join("\n", lines);
  }

  static List<HistoryEntry> history(KeyRotation resource) {
    return Statuses.of(resource).history();
  }

  static String history(List<HistoryEntry> history) {
    if (history.isEmpty()) {
      return "No rotation has ended yet.";
    }
    List<List<String>> rows = new ArrayList<>();
    rows.add(
        List.of("ROTATION", "RESULT", "KEYS", "MODE", "COMPLETED", "VALUES", "GAP", "REQUEST"));
    for (HistoryEntry entry : history) {
      rows.add(
          List.of(
              entry.id(),
              word(entry.result()),
              entry.keys().stream().map(StatusText::word).collect(Collectors.joining(",")),
              word(entry.mode()),
              entry.completedAt(),
              Long.toString(entry.data().valuesReencrypted()),
              entry.unavailableSeconds() + "s",
              entry.request() == null ? "" : entry.request()));
    }
    return Texts.table(rows);
  }

  /** A word of the API as the resource writes it. */
  private static String word(@org.jspecify.annotations.Nullable Object value) {
    return value == null ? "-" : Resources.tree(value).asText();
  }
}
