package dev.keyrotation.plan;

import dev.keyrotation.api.v1alpha1.ConditionType;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.KeyRotationStatus;
import dev.keyrotation.api.v1alpha1.Trigger;
import io.fabric8.kubernetes.api.model.Condition;
import java.time.Instant;
import java.util.Objects;
import java.util.Optional;

/** What makes a rotation begin, and what makes a preflight worth its reads. */
public final class Triggers {
  private Triggers() {}

  /**
   * The trigger that is pending now. A request comes before the schedule; suspension holds both
   * back.
   */
  public static Optional<Trigger> pending(KeyRotation primary, Instant now) {
    if (primary.getSpec().suspend()) {
      return Optional.empty();
    }
    String request = primary.getSpec().rotate().request();
    if (request != null && !Objects.equals(request, Statuses.of(primary).handledRequest())) {
      return Optional.of(Trigger.REQUEST);
    }
    return nextScheduled(primary).filter(due -> !due.isAfter(now)).map(due -> Trigger.SCHEDULE);
  }

  /**
   * When the schedule is due next, counted from the last rotation's end, whatever its result, else
   * from the resource's creation: so missed runs coalesce into one, and a failing rotation is not
   * repeated until the next time.
   */
  public static Optional<Instant> nextScheduled(KeyRotation primary) {
    KeyRotationStatus status = Statuses.of(primary);
    String last =
        status.history().isEmpty()
            ? primary.getMetadata().getCreationTimestamp()
            : status.history().getFirst().completedAt();
    try {
      return last == null
          ? Optional.empty()
          : Schedules.nextAfter(primary.getSpec().rotate(), Instant.parse(last));
    } catch (IllegalArgumentException e) {
      return Optional.empty(); // preflight reports it
    }
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
