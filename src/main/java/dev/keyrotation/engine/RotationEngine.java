package dev.keyrotation.engine;

import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.KeyRotationStatus;
import dev.keyrotation.observe.StateObserver;
import dev.keyrotation.plan.Decision;
import dev.keyrotation.plan.ObservedState;
import dev.keyrotation.plan.Planner;
import dev.keyrotation.plan.Statuses;
import dev.keyrotation.plan.StepOutcome;
import dev.keyrotation.status.StatusFactory;
import dev.keyrotation.step.StepExecutor;
import java.time.Clock;
import java.time.Instant;

/**
 * One turn: observe, decide, execute, record. The caller writes the status that comes back before
 * it takes the next turn; so the intent of a step is always stored before its effect begins.
 */
public final class RotationEngine {
  private final StateObserver observer;
  private final Planner planner;
  private final StepExecutor executor;
  private final StatusFactory statuses;
  private final Clock clock;

  public RotationEngine(
      StateObserver observer,
      Planner planner,
      StepExecutor executor,
      StatusFactory statuses,
      Clock clock) {
    this.observer = observer;
    this.planner = planner;
    this.executor = executor;
    this.statuses = statuses;
    this.clock = clock;
  }

  /**
   * Takes one turn. {@code guard} is asked right before an effect whether {@code primary} is still
   * what the store holds; when not, nothing is done and the turn says so.
   */
  public Turn turn(KeyRotation primary, Freshness guard) {
    Instant now = clock.instant();
    ObservedState observed = observer.observe(primary, now);
    Decision decision = planner.decide(primary, observed, now);
    if (touchesTheWorld(decision) && !guard.isCurrent(primary)) {
      return new Turn.Outdated();
    }
    StepOutcome outcome = executor.execute(decision, primary, now);
    KeyRotationStatus status = statuses.next(primary, observed, decision, outcome, now);
    if (!touchesTheWorld(decision)
        && !status.equals(Statuses.of(primary))
        && !guard.isCurrent(primary)) {
      return new Turn
          .Outdated(); // a process that slept must not write an old intent over a newer one
    }
    return new Turn.Taken(
        decision,
        outcome,
        status,
        Wake.after(primary, status, decision, outcome, now),
        observed.operand());
  }

  private static boolean touchesTheWorld(Decision decision) {
    return decision instanceof Decision.Execute || decision instanceof Decision.Retire;
  }
}
