package dev.keyrotation.observe;

import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.SoakStatus;
import dev.keyrotation.api.v1alpha1.WorkloadSpec;
import dev.keyrotation.failure.RotationException;
import dev.keyrotation.plan.Soak;
import dev.keyrotation.plan.SoakLook;
import dev.keyrotation.plan.SoakLook.Kind;
import dev.keyrotation.plan.SoakLook.Sighting;
import dev.keyrotation.plan.Statuses;
import dev.keyrotation.workload.LogScan;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Takes one look of a soak: asks what {@link LiveCheck} asks, and reads what was logged since. */
final class SoakObserver {
  private final LiveCheck check;
  private final LogScan logs;

  SoakObserver(LiveCheck check, LogScan logs) {
    this.check = check;
    this.logs = logs;
  }

  /** Null when none is due. Does not throw for what the world answers or fails to answer. */
  @Nullable SoakLook look(KeyRotation primary, Instant now) {
    SoakStatus soak = Statuses.of(primary).soak();
    if (soak == null || !Soak.isLookDue(primary, now)) {
      return null;
    }
    Findings found = new Findings();
    List<LiveCheck.Answer> answers =
        Soak.countsValues(primary, soak, now)
            ? check.everything(primary)
            : check.ofInstances(primary);
    answers.forEach(found::add);
    String since = soak.lastLookAt();
    for (WorkloadSpec workload : primary.getSpec().workloads()) {
      try {
        LogScan.Counts counts =
            logs.scan(primary, workload, Instant.parse(since == null ? soak.since() : since));
        found.add(workload, counts);
      } catch (RotationException e) {
        found.unclear(e.sentence());
      }
    }
    return found.look();
  }

  /** What has come together so far. */
  private static final class Findings {
    private final Map<ConditionReason, Sighting> sightings = new EnumMap<>(ConditionReason.class);
    private long refusals;
    private @Nullable String unclear;

    void add(LiveCheck.Answer answer) {
      ConditionReason reason = answer.reason();
      switch (answer.verdict()) {
        case PASSED -> {}
        case UNCLEAR -> unclear(answer.subject() + ": " + answer.message());
        case FAILED -> {
          if (reason == null) {
            // A workload that is not settled: condition Ready tells of it, and what the keys do
            // cannot be told meanwhile.
            unclear(answer.subject() + " " + answer.message());
          } else if (reason == ConditionReason.VALUES_UNDER_OLD_KEY) {
            add(new Sighting(reason, answer.count(), Kind.STORED, sentence(answer)));
          } else {
            add(new Sighting(reason, answer.count(), Kind.ANSWER, sentence(answer)));
          }
        }
      }
    }

    void add(WorkloadSpec workload, LogScan.Counts counts) {
      refusals += counts.authentication();
      if (counts.decryption() > 0) {
        add(
            new Sighting(
                ConditionReason.DECRYPTION_ERRORS_LOGGED,
                counts.decryption(),
                Kind.LINES,
                workload.displayName() + " has logged that it cannot decrypt values."));
      }
    }

    private void add(Sighting sighting) {
      sightings.merge(
          sighting.reason(),
          sighting,
          (first, more) ->
              new Sighting(
                  first.reason(), first.count() + more.count(), first.kind(), first.message()));
    }

    void unclear(String sentence) {
      unclear = unclear == null ? sentence : unclear;
    }

    private static String sentence(LiveCheck.Answer answer) {
      String message = answer.message();
      return message.startsWith(answer.subject())
          ? message
          : answer.subject() + ": " + message + (message.endsWith(".") ? "" : ".");
    }

    SoakLook look() {
      return new SoakLook(new ArrayList<>(sightings.values()), refusals, unclear);
    }
  }
}
