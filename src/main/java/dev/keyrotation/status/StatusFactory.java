package dev.keyrotation.status;

import dev.keyrotation.api.v1alpha1.ActiveKeys;
import dev.keyrotation.api.v1alpha1.Epoch;
import dev.keyrotation.api.v1alpha1.Fencing;
import dev.keyrotation.api.v1alpha1.HistoryEntry;
import dev.keyrotation.api.v1alpha1.KeyFingerprints;
import dev.keyrotation.api.v1alpha1.KeyKind;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.KeyRotationStatus;
import dev.keyrotation.api.v1alpha1.KeyRotationStatusBuilder;
import dev.keyrotation.api.v1alpha1.PlanStatus;
import dev.keyrotation.api.v1alpha1.RotationResult;
import dev.keyrotation.api.v1alpha1.RotationStatus;
import dev.keyrotation.plan.Decision;
import dev.keyrotation.plan.FailurePolicy;
import dev.keyrotation.plan.ObservedState;
import dev.keyrotation.plan.Planner;
import dev.keyrotation.plan.PreflightReport;
import dev.keyrotation.plan.Soak;
import dev.keyrotation.plan.Statuses;
import dev.keyrotation.plan.StepOutcome;
import dev.keyrotation.plan.StepSequence;
import dev.keyrotation.plan.Triggers;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/** Makes the whole new status. Pure: the same input gives the same status. */
public final class StatusFactory {

  /** The status after this turn. */
  public KeyRotationStatus next(
      KeyRotation primary,
      ObservedState observed,
      Decision decision,
      StepOutcome outcome,
      Instant now) {
    KeyRotationStatus old = Statuses.of(primary);
    if (decision instanceof Decision.TakeOver(Epoch epoch)) {
      return old.withEpoch(epoch); // nothing else is known yet
    }
    Long generation = primary.getMetadata().getGeneration();
    KeyRotationStatusBuilder next = KeyRotationStatusBuilder.builder(old);
    ConditionSet conditions = new ConditionSet(old.conditions(), generation, now);
    next.observedGeneration(generation);

    switch (decision) {
      case Decision.TakeOver takeOver -> throw new IllegalStateException("handled above");
      case Decision.Idle() -> next.rotation(null);
      case Decision.Blocked(PreflightReport report) -> next.plan(plan(primary, report));
      case Decision.Planned(PreflightReport report) -> next.plan(plan(primary, report));
      case Decision.Start(RotationStatus rotation, PreflightReport report) -> {
        next.plan(plan(primary, report))
            .rotation(rotation)
            .lastRevision(rotation.revision())
            .handledRequest(primary.getSpec().rotate().request());
      }
      case Decision.Adopt(ActiveKeys active, long lastRevision, var request) ->
          next.activeKeys(active).lastRevision(lastRevision).handledRequest(request);
      case Decision.Resume(RotationStatus rotation) ->
          next.rotation(rotation)
              .lastRevision(rotation.revision())
              .handledRequest(rotation.request());
      case Decision.Halt halt -> next.rotation(null);
      case Decision.Advance(RotationStatus rotation) -> next.rotation(rotation);
      case Decision.Execute(RotationStatus rotation) ->
          next.rotation(afterEffect(primary, rotation, outcome, now));
      case Decision.Await await -> next.rotation(await.rotation());
      case Decision.TurnBack back -> next.rotation(back.rotation());
      case Decision.Finish(RotationStatus rotation, HistoryEntry entry) -> {
        next.rotation(null)
            .lastResult(entry.result())
            .activeKeys(activeKeys(old, rotation, entry))
            .history(history(primary, old, entry));
      }
      case Decision.Tidy tidy -> next.rotation(null);
      case Decision.Condemn(HistoryEntry entry) ->
          next.history(replaced(old, entry, entry.retiring(FailurePolicy.text(now))));
      case Decision.Retire(HistoryEntry entry) -> {
        if (outcome instanceof StepOutcome.Made) {
          next.history(replaced(old, entry, entry.retired(FailurePolicy.text(now))));
        }
      }
    }
    KeyRotationStatus draft = next.build();
    draft = draft.withSoak(Soak.next(primary, draft, decision, observed.soak(), now));
    Optional<Triggers.Next> announced = next(primary, draft, now);
    ConditionWriter.write(conditions, primary, draft, observed, decision, announced.orElse(null));
    return draft
        .with()
        .nextRotationAt(announced.map(n -> FailurePolicy.text(n.at())).orElse(null))
        .conditions(conditions.list())
        .build();
  }

  private static List<HistoryEntry> replaced(
      KeyRotationStatus old, HistoryEntry entry, HistoryEntry by) {
    return old.history().stream().map(e -> e.equals(entry) ? by : e).toList();
  }

  private static RotationStatus afterEffect(
      KeyRotation primary, RotationStatus rotation, StepOutcome outcome, Instant now) {
    return switch (outcome) {
      case StepOutcome.NoEffect() -> rotation;
      case StepOutcome.Made() -> rotation;
      case StepOutcome.Running running -> rotation.withProgress(running.progress());
      case StepOutcome.Failed failed -> FailurePolicy.afterFailure(primary, rotation, failed, now);
    };
  }

  private static ActiveKeys activeKeys(
      KeyRotationStatus old, RotationStatus rotation, HistoryEntry entry) {
    if (entry.result() == RotationResult.SUCCEEDED) {
      KeyFingerprints keys = Objects.requireNonNull(rotation.newKeys(), "keys were generated");
      return new ActiveKeys(rotation.revision(), keys, entry.completedAt());
    }
    ActiveKeys before = old.activeKeys();
    return before != null && before.revision() == rotation.fromRevision()
        ? before
        : new ActiveKeys(rotation.fromRevision(), rotation.oldKeys(), rotation.startedAt());
  }

  private static List<HistoryEntry> history(
      KeyRotation primary, KeyRotationStatus old, HistoryEntry entry) {
    int size = primary.getSpec().retention().history();
    // An entry whose left-overs have not been removed yet stays, or nobody would remove them.
    List<HistoryEntry> entries = new ArrayList<>();
    entries.add(entry);
    for (HistoryEntry earlier : old.history()) {
      if (entries.size() < size || earlier.retiredAt() == null) {
        entries.add(earlier);
      }
    }
    return entries;
  }

  /** What is to come next, as seen with the new status. */
  private static Optional<Triggers.Next> next(
      KeyRotation primary, KeyRotationStatus draft, Instant now) {
    if (draft.rotation() != null) {
      return Optional.empty();
    }
    KeyRotation after = new KeyRotation();
    after.setMetadata(primary.getMetadata());
    after.setSpec(primary.getSpec());
    after.setStatus(draft);
    return Triggers.announced(after, now);
  }

  private static PlanStatus plan(KeyRotation primary, PreflightReport report) {
    boolean clean = report.isClean();
    return new PlanStatus(
        clean
            ? StepSequence.forward(
                Planner.mode(primary.getSpec(), report),
                report.fencing() == Fencing.MARKS,
                Planner.copies(primary.getSpec()) != null,
                primary.getSpec().rotates(KeyKind.MASTER),
                report.hasDatabase())
            : List.of(),
        clean ? Planner.mode(primary.getSpec(), report) : null,
        report.encryptionKey(),
        clean && Planner.reencrypts(primary.getSpec(), report) ? report.values() : 0,
        report.columns(),
        report.instances(),
        report.version(),
        report.findings().stream().map(f -> f.reason().text() + ": " + f.message()).toList(),
        report.warnings());
  }
}
