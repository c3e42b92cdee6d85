package dev.keyrotation.engine;

import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.api.v1alpha1.Direction;
import dev.keyrotation.api.v1alpha1.Epoch;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.KeyRotationStatus;
import dev.keyrotation.api.v1alpha1.RotationStatus;
import dev.keyrotation.failure.Recovery;
import dev.keyrotation.failure.RotationException;
import dev.keyrotation.failure.SupersededException;
import dev.keyrotation.observe.StateObserver;
import dev.keyrotation.plan.Decision;
import dev.keyrotation.plan.Evidence;
import dev.keyrotation.plan.ObservedState;
import dev.keyrotation.plan.Planner;
import dev.keyrotation.plan.Statuses;
import dev.keyrotation.plan.StepOutcome;
import dev.keyrotation.status.StatusFactory;
import dev.keyrotation.step.StepExecutor;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One turn: observe, decide, execute, record. The caller writes the status that comes back before
 * it takes the next turn; so the intent of a step is always stored before its effect begins.
 */
public final class RotationEngine {
  private static final Evidence NOT_OBSERVED =
      new Evidence.Unknown(ConditionReason.SUPERSEDED, "This process takes over.");

  private final StateObserver observer;
  private final Planner planner;
  private final StepExecutor executor;
  private final StatusFactory statuses;
  private final Clock clock;
  private final Tenure tenure;

  /**
   * @param process names this process and no other one, now or ever: it signs what it changes
   */
  public RotationEngine(
      StateObserver observer,
      Planner planner,
      StepExecutor executor,
      StatusFactory statuses,
      Clock clock,
      String process) {
    this.observer = observer;
    this.planner = planner;
    this.executor = executor;
    this.statuses = statuses;
    this.clock = clock;
    this.tenure = new Tenure(process);
  }

  /**
   * Takes one turn. {@code guard} is asked right before an effect whether {@code primary} is still
   * what the store holds; when not, nothing is done and the turn says so.
   */
  public Turn turn(KeyRotation primary, Freshness guard) {
    Instant now = clock.instant();
    if (Statuses.of(primary).rotation() != null && !tenure.holds(primary)) {
      return tenure.mayTakeOver(primary, now)
          ? takeOver(primary, 0, guard, now)
          : new Turn.Outdated();
    }
    try {
      return act(primary, guard, now);
    } catch (SupersededException e) {
      tenure.forget(primary);
      Epoch epoch = Statuses.of(primary).epoch();
      // An epoch in the world that the stored status does not know: the status was lost, or the
      // resource was made anew. The status decides who acts, so it goes above.
      return epoch != null && e.found() >= epoch.number()
          ? takeOver(primary, e.found(), guard, now)
          : new Turn.Outdated();
    }
  }

  /**
   * Leaves a resource that is deleted while no rotation is under way. Gives the sentence that says
   * what could not be done; null when all was.
   */
  public @Nullable String leave(KeyRotation primary) {
    return executor.leave(primary);
  }

  private Turn takeOver(KeyRotation primary, long found, Freshness guard, Instant now) {
    return guard.isCurrent(primary)
        ? taken(
            primary,
            ObservedState.ofStep(NOT_OBSERVED, List.of()),
            new Decision.TakeOver(tenure.next(primary, found)),
            new StepOutcome.NoEffect(),
            now)
        : new Turn.Outdated();
  }

  private Turn act(KeyRotation primary, Freshness guard, Instant now) {
    RotationException obstacle = markWorld(primary, guard);
    RotationStatus rotation = Statuses.of(primary).rotation();
    if (obstacle != null
        && rotation != null
        && rotation.direction() == Direction.FORWARD
        && obstacle.recovery() == Recovery.ROLL_BACK) {
      return taken(
          primary,
          ObservedState.ofStep(NOT_OBSERVED, List.of()),
          new Decision.Execute(rotation),
          new StepOutcome.Failed(obstacle.reason(), obstacle.sentence(), obstacle.recovery()),
          now);
    }
    ObservedState observed =
        obstacle == null
            ? observer.observe(primary, now)
            : ObservedState.ofStep(
                new Evidence.Unknown(obstacle.reason(), obstacle.sentence()), List.of());
    Decision decision = planner.decide(primary, observed, now);
    if (touchesTheWorld(decision)) {
      if (!tenure.holds(primary)) {
        return takeOver(primary, 0, guard, now);
      }
      if (!guard.isCurrent(primary)) {
        return new Turn.Outdated();
      }
    }
    StepOutcome outcome =
        executor.execute(decision, primary, now, () -> guard.isAbandoned(primary));
    Turn.Taken taken = taken(primary, observed, decision, outcome, now);
    boolean writesStatusOnly =
        !touchesTheWorld(decision) && !taken.status().equals(Statuses.of(primary));
    // A process that slept must not write an old intent over a newer one.
    return writesStatusOnly && !guard.isCurrent(primary) ? new Turn.Outdated() : taken;
  }

  /**
   * Marks the world with our epoch before anything is observed in mid-rotation; null when that is
   * done, or no rotation is under way.
   */
  private @Nullable RotationException markWorld(KeyRotation primary, Freshness guard) {
    if (Statuses.of(primary).rotation() == null || tenure.hasMarked(primary)) {
      return null;
    }
    try {
      executor.takeOver(primary, () -> guard.isCurrent(primary));
      tenure.marked(primary, Statuses.of(primary).epoch());
      return null;
    } catch (SupersededException e) {
      throw e;
    } catch (RotationException e) {
      return e;
    }
  }

  private Turn.Taken taken(
      KeyRotation primary,
      ObservedState observed,
      Decision decision,
      StepOutcome outcome,
      Instant now) {
    KeyRotationStatus status =
        tenure.signed(primary, statuses.next(primary, observed, decision, outcome, now));
    return new Turn.Taken(
        decision,
        outcome,
        status,
        Wake.after(primary, status, decision, outcome, now),
        observed.operand());
  }

  private static boolean touchesTheWorld(Decision decision) {
    return decision instanceof Decision.Execute
        || decision instanceof Decision.Retire
        || decision instanceof Decision.Tidy;
  }
}
