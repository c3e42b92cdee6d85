package dev.keyrotation.plan;

import dev.keyrotation.api.v1alpha1.HistoryEntry;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.KeyRotationStatus;
import dev.keyrotation.api.v1alpha1.RotationDuration;
import dev.keyrotation.api.v1alpha1.RotationResult;
import dev.keyrotation.api.v1alpha1.SoakProblem;
import dev.keyrotation.api.v1alpha1.SoakResult;
import dev.keyrotation.api.v1alpha1.SoakStatus;
import dev.keyrotation.api.v1alpha1.SoakStatusBuilder;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The watch over the time after a rotation that succeeded: when a look is due, and what the status
 * says after it. It decides nothing else: no rotation waits for it, and none is taken back.
 */
public final class Soak {
  private static final Duration FIRST = Duration.ofMinutes(1);
  private static final Duration LONGEST = Duration.ofMinutes(15);

  /** LiteLLM's caches of keys and its reloads are over by then. */
  private static final Duration CONFIRMATION = Duration.ofMinutes(3);

  /** Counting stored values reads whole tables: once in so many looks, and at the end. */
  private static final int COUNTING = 4;

  private Soak() {}

  /** Whether this turn should look. */
  public static boolean isLookDue(KeyRotation primary, Instant now) {
    SoakStatus soak = Statuses.of(primary).soak();
    return soak != null
        && Statuses.of(primary).rotation() == null
        && !period(primary).isZero()
        && soak.nextLookAt() != null
        && !now.isBefore(Instant.parse(soak.nextLookAt()));
  }

  /** Whether the look that is due at {@code now} also counts stored values. */
  public static boolean countsValues(KeyRotation primary, SoakStatus soak, Instant now) {
    return soak.looks() % COUNTING == 0 || isOver(primary, soak, now);
  }

  /**
   * The soak as the next status has it; null when there is none.
   *
   * @param draft the next status without it
   * @param look what this turn's look found; null when it took none
   */
  public static @Nullable SoakStatus next(
      KeyRotation primary,
      KeyRotationStatus draft,
      Decision decision,
      @Nullable SoakLook look,
      Instant now) {
    if (draft.rotation() != null) {
      return null; // what the next rotation does is no finding about the last one
    }
    if (decision instanceof Decision.Finish finish) {
      return begin(primary, finish.entry(), now);
    }
    SoakStatus soak = Statuses.of(primary).soak();
    if (soak == null || !soak.underWay()) {
      return soak;
    }
    if (period(primary).isZero()) {
      return null;
    }
    SoakStatus present = withPeriod(primary, soak);
    return look == null ? present : after(primary, present, look, now);
  }

  private static @Nullable SoakStatus begin(KeyRotation primary, HistoryEntry entry, Instant now) {
    Duration period = period(primary);
    if (entry.result() != RotationResult.SUCCEEDED || period.isZero()) {
      return null;
    }
    Instant until = now.plus(period);
    return SoakStatusBuilder.builder()
        .rotation(entry.id())
        .result(SoakResult.WATCHING)
        .since(FailurePolicy.text(now))
        .until(FailurePolicy.text(until))
        .nextLookAt(FailurePolicy.text(earlier(now.plus(FIRST), until)))
        .build();
  }

  private static Duration period(KeyRotation primary) {
    return RotationDuration.parse(primary.getSpec().soakPeriod());
  }

  private static Instant until(KeyRotation primary, SoakStatus soak) {
    return Instant.parse(soak.since()).plus(period(primary));
  }

  private static boolean isOver(KeyRotation primary, SoakStatus soak, Instant now) {
    return !now.isBefore(until(primary, soak));
  }

  private static Instant earlier(Instant one, Instant other) {
    return one.isBefore(other) ? one : other;
  }

  /** The end moves with the spec, and no look waits beyond it but one that confirms. */
  private static SoakStatus withPeriod(KeyRotation primary, SoakStatus soak) {
    String until = FailurePolicy.text(until(primary, soak));
    if (until.equals(soak.until())) {
      return soak;
    }
    Instant next = Instant.parse(soak.nextLookAt() == null ? until : soak.nextLookAt());
    return soak.with()
        .until(until)
        .nextLookAt(
            soak.suspects().isEmpty()
                ? FailurePolicy.text(earlier(next, Instant.parse(until)))
                : soak.nextLookAt())
        .build();
  }

  private static SoakStatus after(
      KeyRotation primary, SoakStatus soak, SoakLook look, Instant now) {
    List<String> suspects = new ArrayList<>();
    Map<String, SoakProblem> problems = new LinkedHashMap<>();
    soak.problems().forEach(known -> problems.put(known.reason(), known));
    for (SoakLook.Sighting seen : look.sightings()) {
      String reason = seen.reason().text();
      boolean counts =
          seen.kind() != SoakLook.Kind.ANSWER
              || soak.suspects().contains(reason)
              || problems.containsKey(reason);
      if (counts) {
        problems.merge(reason, problem(seen, now), (old, found) -> sum(old, found, seen.kind()));
      } else {
        suspects.add(reason);
      }
    }
    int looks = soak.looks() + 1;
    int unclear = soak.unclearLooks() + (look.unclear() == null ? 0 : 1);
    Instant until = until(primary, soak);
    Instant next =
        !suspects.isEmpty()
            ? now.plus(CONFIRMATION)
            : isOver(primary, soak, now) ? null : earlier(now.plus(interval(looks)), until);
    return soak.with()
        .looks(looks)
        .unclearLooks(unclear)
        .unclear(look.unclear())
        .lastLookAt(FailurePolicy.text(now))
        .nextLookAt(next == null ? null : FailurePolicy.text(next))
        .problems(List.copyOf(problems.values()))
        .suspects(suspects)
        .refusals(soak.refusals() + look.refusals())
        .result(result(!problems.isEmpty(), next == null, unclear < looks))
        .build();
  }

  private static SoakResult result(boolean problems, boolean over, boolean anyClear) {
    if (problems) {
      return SoakResult.PROBLEMS;
    }
    if (!over) {
      return SoakResult.WATCHING;
    }
    return anyClear ? SoakResult.PASSED : SoakResult.UNKNOWN;
  }

  private static SoakProblem problem(SoakLook.Sighting seen, Instant now) {
    String time = FailurePolicy.text(now);
    return new SoakProblem(seen.reason().text(), seen.count(), seen.message(), time, time);
  }

  private static SoakProblem sum(SoakProblem old, SoakProblem found, SoakLook.Kind kind) {
    return found
        .with()
        .firstSeen(old.firstSeen())
        .count(
            kind == SoakLook.Kind.STORED
                ? Math.max(old.count(), found.count())
                : old.count() + found.count())
        .build();
  }

  /** One minute after the rotation, then twice as long each time, up to a quarter of an hour. */
  private static Duration interval(int looks) {
    int doublings = Math.min(looks, 4);
    Duration next = FIRST.multipliedBy(1L << doublings);
    return next.compareTo(LONGEST) > 0 ? LONGEST : next;
  }
}
