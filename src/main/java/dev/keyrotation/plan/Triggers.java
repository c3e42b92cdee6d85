package dev.keyrotation.plan;

import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.api.v1alpha1.ConditionType;
import dev.keyrotation.api.v1alpha1.HistoryEntry;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.KeyRotationStatus;
import dev.keyrotation.api.v1alpha1.RotateSpec;
import dev.keyrotation.api.v1alpha1.RotationDuration;
import dev.keyrotation.api.v1alpha1.RotationReason;
import dev.keyrotation.api.v1alpha1.RotationResult;
import dev.keyrotation.api.v1alpha1.Trigger;
import io.fabric8.kubernetes.api.model.Condition;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What makes a rotation begin, and what makes a preflight worth its reads. */
public final class Triggers {
  private Triggers() {}

  /**
   * The next rotation.
   *
   * @param at when it may begin; not before now for a request
   * @param heldBy what holds it back, when something does; null when it comes at its own time
   */
  public record Next(Trigger trigger, Instant at, @Nullable ConditionReason heldBy) {}

  /**
   * The trigger that is pending now. A request comes before the schedule; suspension holds both
   * back.
   */
  public static Optional<Trigger> pending(KeyRotation primary, Instant now) {
    return next(primary, now).filter(next -> !next.at().isAfter(now)).map(Next::trigger);
  }

  /**
   * What to announce as next: a request that has to wait, else the schedule's next time. A request
   * that may begin now has no time to announce.
   */
  public static Optional<Next> announced(KeyRotation primary, Instant now) {
    Optional<Next> next = next(primary, now);
    return next.filter(n -> n.trigger() == Trigger.REQUEST && n.heldBy() == null).isPresent()
        ? scheduled(primary, now)
        : next;
  }

  /**
   * What comes next: a new request, at once, or the schedule, at its time; either not before {@code
   * spec.rotate.minimumGap} is over and a window is open. Empty while suspended, and when nothing
   * is to come.
   */
  public static Optional<Next> next(KeyRotation primary, Instant now) {
    RotateSpec rotate = primary.getSpec().rotate();
    if (primary.getSpec().suspend()) {
      return Optional.empty();
    }
    String request = rotate.request();
    try {
      return request != null && !request.equals(Statuses.of(primary).handledRequest())
          ? held(primary, new Next(Trigger.REQUEST, now, null), now)
          : scheduled(primary, now);
    } catch (IllegalArgumentException e) {
      return Optional.empty(); // preflight reports it
    }
  }

  /**
   * Why a rotation with this trigger would replace the keys. {@code spec.rotate.reason} belongs to
   * {@code spec.rotate.request}: in a manifest that keeps it, the schedule stays routine.
   */
  public static RotationReason reason(KeyRotation primary, Trigger trigger) {
    return trigger == Trigger.REQUEST
        ? primary.getSpec().rotate().reason()
        : RotationReason.ROUTINE;
  }

  /**
   * Whether a rotation with this trigger begins at once, whatever would make another one wait
   * (maintenance windows, the minimum gap): with a key that somebody else knows every minute
   * counts.
   */
  public static boolean isUrgent(KeyRotation primary, Trigger trigger) {
    return reason(primary, trigger) == RotationReason.COMPROMISED;
  }

  /**
   * From when on access is listed that somebody may have made with a compromised key; null: from
   * the beginning.
   *
   * @throws java.time.format.DateTimeParseException when {@code spec.rotate.compromisedSince} is no
   *     time
   */
  public static @Nullable Instant compromisedSince(KeyRotation primary) {
    String since = primary.getSpec().rotate().compromisedSince();
    if (since != null) {
      return OffsetDateTime.parse(since).toInstant();
    }
    return Statuses.of(primary).history().stream()
        .filter(entry -> entry.result() == RotationResult.SUCCEEDED)
        .findFirst()
        .map(entry -> Instant.parse(entry.completedAt()))
        .orElse(null);
  }

  /**
   * When the schedule is due next, counted from the last rotation's end, whatever its result, else
   * from the resource's creation: so missed runs coalesce into one, and a failing rotation is not
   * repeated until the next time.
   */
  private static Optional<Next> scheduled(KeyRotation primary, Instant now) {
    RotateSpec rotate = primary.getSpec().rotate();
    String last = lastEnd(primary).orElse(primary.getMetadata().getCreationTimestamp());
    return last == null
        ? Optional.empty()
        : Schedules.nextAfter(rotate, Instant.parse(last))
            .map(due -> Schedules.delayed(rotate, nameOf(primary), due))
            .flatMap(due -> held(primary, new Next(Trigger.SCHEDULE, due, null), now));
  }

  private static Optional<Next> held(KeyRotation primary, Next wish, Instant now) {
    if (isUrgent(primary, wish.trigger())) {
      return Optional.of(wish);
    }
    RotateSpec rotate = primary.getSpec().rotate();
    Instant rested =
        lastEnd(primary)
            .map(Instant::parse)
            .map(end -> end.plus(RotationDuration.parse(rotate.minimumGap())))
            .filter(wish.at()::isBefore)
            .orElse(wish.at());
    // A time that has passed does not count as the window it lay in: that one may have closed.
    Instant earliest = rested.isBefore(now) ? now : rested;
    return Schedules.inWindow(rotate, earliest)
        .map(
            open -> {
              if (open.isAfter(earliest)) {
                return new Next(wish.trigger(), open, ConditionReason.WAITING_FOR_WINDOW);
              }
              return new Next(
                  wish.trigger(),
                  rested,
                  rested.isAfter(wish.at()) ? ConditionReason.MINIMUM_GAP_NOT_OVER : null);
            });
  }

  private static Optional<String> lastEnd(KeyRotation primary) {
    return Statuses.of(primary).history().stream().findFirst().map(HistoryEntry::completedAt);
  }

  private static String nameOf(KeyRotation primary) {
    return primary.getMetadata().getNamespace() + "/" + primary.getMetadata().getName();
  }

  /**
   * Whether this turn should run a preflight: for a trigger, a changed spec, or findings that may
   * have gone.
   */
  public static boolean wantPreflight(KeyRotation primary, Instant now) {
    KeyRotationStatus status = Statuses.of(primary);
    if (status.rotation() != null) {
      return false;
    }
    return pending(primary, now).isPresent()
        || !Objects.equals(status.observedGeneration(), primary.getMetadata().getGeneration())
        || !preflightPassed(status);
  }

  private static boolean preflightPassed(KeyRotationStatus status) {
    for (Condition condition : status.conditions()) {
      if (ConditionType.PREFLIGHT_PASSED.text().equals(condition.getType())) {
        return "True".equals(condition.getStatus());
      }
    }
    return false;
  }
}
