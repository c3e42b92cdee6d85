package dev.keyrotation.cli;

import dev.keyrotation.api.v1alpha1.Direction;
import dev.keyrotation.api.v1alpha1.Failure;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.Progress;
import dev.keyrotation.api.v1alpha1.RotationStatus;
import dev.keyrotation.api.v1alpha1.StepName;
import dev.keyrotation.plan.Statuses;
import dev.keyrotation.plan.StepSequence;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The steps of a rotation under way, as a table; it remembers when each step it saw began. */
final class StepTable {
  private record Key(String rotation, Direction direction, StepName step) {}

  private final Map<Key, Instant> began = new HashMap<>();
  private final Map<Key, Instant> ended = new HashMap<>();
  private Key present = new Key("", Direction.FORWARD, StepName.PREFLIGHT);

  /** The table; empty while no rotation is under way. */
  String render(KeyRotation resource, Instant now) {
    RotationStatus rotation = Statuses.of(resource).rotation();
    if (rotation == null) {
      return "";
    }
    Key key = new Key(rotation.id(), rotation.direction(), rotation.step());
    Instant since = Instant.parse(rotation.stepStartedAt());
    if (!key.equals(present)) {
      ended.putIfAbsent(present, since);
      present = key;
    }
    began.put(key, since);
    List<List<String>> rows = new ArrayList<>();
    rows.add(List.of("STEP", "STATE", "TIME", "DETAIL"));
    boolean passed = true;
    for (StepName step : StepSequence.of(rotation, resource.getSpec().database() != null)) {
      boolean running = step == rotation.step();
      passed = passed && !running;
      Key row = new Key(rotation.id(), rotation.direction(), step);
      rows.add(
          List.of(
              Resources.tree(step).asText(),
              running ? state(rotation) : passed ? "done" : "-",
              running || passed ? time(row, now) : "",
              running ? detail(rotation) : ""));
    }
    return head(rotation, now) + "\n" + Texts.table(rows);
  }

  private static String head(RotationStatus rotation, Instant now) {
    Failure cause = rotation.rollBackCause();
    return rotation.id()
        + ": "
        + (rotation.direction() == Direction.FORWARD ? "to the new keys" : "back to the old keys")
        + ", "
        + Texts.duration(Duration.between(Instant.parse(rotation.startedAt()), now))
        + (cause == null ? "" : "\nbecause " + cause.reason() + ": " + cause.message());
  }

  private static String state(RotationStatus rotation) {
    return rotation.stalled() != null ? "stalled" : rotation.attempts() > 0 ? "again" : "running";
  }

  private String time(Key row, Instant now) {
    Instant from = began.get(row);
    return from == null ? "" : Texts.duration(Duration.between(from, ended.getOrDefault(row, now)));
  }

  private static String detail(RotationStatus rotation) {
    Failure stalled = rotation.stalled();
    if (stalled != null) {
      return stalled.message();
    }
    Failure last = rotation.lastFailure();
    if (last != null && rotation.attempts() > 0) {
      return "attempt " + rotation.attempts() + " failed: " + last.message();
    }
    Progress progress = rotation.progress();
    return progress == null || progress.total() == 0
        ? ""
        : progress.done() + " of " + progress.total() + " " + progress.unit();
  }
}
