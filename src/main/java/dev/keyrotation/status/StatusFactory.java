package dev.keyrotation.status;

import dev.keyrotation.api.v1alpha1.ActiveKeys;
import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.api.v1alpha1.ConditionType;
import dev.keyrotation.api.v1alpha1.Direction;
import dev.keyrotation.api.v1alpha1.Failure;
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
import dev.keyrotation.plan.Finding;
import dev.keyrotation.plan.ObservedState;
import dev.keyrotation.plan.ObservedState.Operand;
import dev.keyrotation.plan.Planner;
import dev.keyrotation.plan.PreflightReport;
import dev.keyrotation.plan.Statuses;
import dev.keyrotation.plan.StepOutcome;
import dev.keyrotation.plan.StepSequence;
import dev.keyrotation.plan.Triggers;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

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
    Long generation = primary.getMetadata().getGeneration();
    KeyRotationStatusBuilder next = KeyRotationStatusBuilder.builder(old);
    ConditionSet conditions = new ConditionSet(old.conditions(), generation, now);
    next.observedGeneration(generation);

    switch (decision) {
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
      case Decision.Retire(HistoryEntry entry) -> {
        if (outcome instanceof StepOutcome.Made) {
          next.history(
              old.history().stream()
                  .map(e -> e.equals(entry) ? e.retired(FailurePolicy.text(now)) : e)
                  .toList());
        }
      }
    }
    KeyRotationStatus draft = next.build();
    setConditions(conditions, primary, draft, observed, decision);
    return draft
        .with()
        .nextRotationAt(nextRotation(primary, draft))
        .conditions(conditions.list())
        .build();
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

  private static @Nullable String nextRotation(KeyRotation primary, KeyRotationStatus draft) {
    if (draft.rotation() != null || primary.getSpec().suspend()) {
      return null;
    }
    KeyRotation after = new KeyRotation();
    after.setMetadata(primary.getMetadata());
    after.setSpec(primary.getSpec());
    after.setStatus(draft);
    return Triggers.nextScheduled(after).map(FailurePolicy::text).orElse(null);
  }

  private static PlanStatus plan(KeyRotation primary, PreflightReport report) {
    boolean clean = report.isClean();
    return new PlanStatus(
        clean
            ? StepSequence.forward(
                Planner.mode(primary.getSpec(), report),
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

  // ---- conditions -----------------------------------------------------------------------------

  private static void setConditions(
      ConditionSet conditions,
      KeyRotation primary,
      KeyRotationStatus draft,
      ObservedState observed,
      Decision decision) {
    setPreflight(conditions, decision);
    setRotated(conditions, draft);
    RotationStatus rotation = draft.rotation();
    if (rotation != null) {
      setRotating(conditions, rotation, decision);
    } else {
      setResting(conditions, primary, draft, observed, decision);
    }
  }

  private static void setPreflight(ConditionSet conditions, Decision decision) {
    ConditionType type = ConditionType.PREFLIGHT_PASSED;
    switch (decision) {
      case Decision.Blocked(PreflightReport report) ->
          conditions.set(type, false, report.findings().getFirst().reason(), sentences(report));
      case Decision.Planned(PreflightReport report) ->
          conditions.set(type, true, ConditionReason.NO_BLOCKING_FINDING, planSentence(report));
      case Decision.Start(RotationStatus rotation, PreflightReport report) ->
          conditions.set(type, true, ConditionReason.NO_BLOCKING_FINDING, planSentence(report));
      default -> {
        if (!conditions.has(type)) {
          conditions.setUnknown(type, ConditionReason.NOT_CHECKED, "No preflight has run yet.");
        }
      }
    }
  }

  private static String sentences(PreflightReport report) {
    return report.findings().stream().map(Finding::message).collect(Collectors.joining(" "));
  }

  private static String planSentence(PreflightReport report) {
    return report.values()
        + " stored values, "
        + report.instances()
        + " instances; details in status.plan.";
  }

  private static void setRotated(ConditionSet conditions, KeyRotationStatus draft) {
    ConditionType type = ConditionType.ROTATED;
    RotationResult result = draft.lastResult();
    if (result == null || draft.history().isEmpty()) {
      conditions.setUnknown(type, ConditionReason.NO_ROTATION_YET, "No rotation has ended yet.");
      return;
    }
    HistoryEntry last = draft.history().getFirst();
    switch (result) {
      case SUCCEEDED ->
          conditions.set(
              type,
              true,
              ConditionReason.ROTATION_SUCCEEDED,
              "Rotation "
                  + last.id()
                  + " succeeded: "
                  + last.data().valuesReencrypted()
                  + " values re-encrypted, unavailable for "
                  + last.unavailableSeconds()
                  + " s.");
      case ROLLED_BACK ->
          conditions.set(
              type,
              false,
              ConditionReason.ROTATION_ROLLED_BACK,
              "Rotation "
                  + last.id()
                  + " was rolled back to the old keys."
                  + cause(last.failure()));
      case ABANDONED ->
          conditions.set(
              type,
              false,
              ConditionReason.ROTATION_ABANDONED,
              "Rotation "
                  + last.id()
                  + " ended before anything that the instances read was changed."
                  + cause(last.failure()));
    }
  }

  private static String cause(@Nullable Failure failure) {
    return failure == null
        ? ""
        : " Cause (" + failure.step() + ", " + failure.reason() + "): " + failure.message();
  }

  private static void setRotating(
      ConditionSet conditions, RotationStatus rotation, Decision decision) {
    boolean forward = rotation.direction() == Direction.FORWARD;
    ConditionReason reason = forward ? ConditionReason.ROTATING : ConditionReason.ROLLING_BACK;
    String message = rotation.id() + ": " + stepSentence(rotation, decision);
    conditions.set(ConditionType.READY, false, reason, message);
    conditions.set(ConditionType.RECONCILING, true, reason, message);
    Failure stalled = rotation.stalled();
    if (stalled == null) {
      conditions.set(ConditionType.STALLED, false, reason, "The rotation goes on by itself.");
    } else {
      conditions.set(ConditionType.STALLED, true, reasonOf(stalled.reason()), stalled.message());
    }
  }

  private static String stepSentence(RotationStatus rotation, Decision decision) {
    String step = StepWords.of(rotation.step(), rotation.direction());
    String detail = "";
    if (decision instanceof Decision.Await await) {
      detail = "; " + await.message();
    } else if (rotation.progress() != null) {
      detail =
          "; "
              + rotation.progress().done()
              + " of "
              + rotation.progress().total()
              + " "
              + rotation.progress().unit();
    }
    Failure last = rotation.lastFailure();
    String retry =
        last == null || rotation.attempts() == 0
            ? ""
            : "; attempt " + rotation.attempts() + " failed: " + last.message();
    return step + detail + retry;
  }

  private static void setResting(
      ConditionSet conditions,
      KeyRotation primary,
      KeyRotationStatus draft,
      ObservedState observed,
      Decision decision) {
    boolean suspended = primary.getSpec().suspend();
    ConditionReason rest = suspended ? ConditionReason.SUSPENDED : ConditionReason.IDLE;
    conditions.set(
        ConditionType.RECONCILING,
        false,
        rest,
        suspended ? "spec.suspend holds back new rotations." : "No rotation is due.");
    if (decision instanceof Decision.Blocked(PreflightReport report)) {
      ConditionReason reason = report.findings().getFirst().reason();
      conditions.set(ConditionType.STALLED, true, reason, sentences(report));
      conditions.set(ConditionType.READY, false, reason, sentences(report));
      return;
    }
    if (decision instanceof Decision.Halt(Finding finding)) {
      conditions.set(ConditionType.STALLED, true, finding.reason(), finding.message());
      conditions.set(ConditionType.READY, false, finding.reason(), finding.message());
      return;
    }
    conditions.set(ConditionType.STALLED, false, rest, "Nothing holds it up.");
    setReady(conditions, draft, observed.operand());
  }

  private static void setReady(
      ConditionSet conditions, KeyRotationStatus draft, @Nullable Operand operand) {
    ConditionType type = ConditionType.READY;
    switch (operand) {
      case Operand.OnActiveKeys(String message) ->
          conditions.set(type, true, ConditionReason.RUNNING_ON_ACTIVE_KEYS, message);
      case Operand.Drifted(String message) ->
          conditions.set(type, false, ConditionReason.INSTANCES_NOT_ON_ACTIVE_KEYS, message);
      case Operand.Unclear(String message) ->
          conditions.setUnknown(type, ConditionReason.EVIDENCE_UNKNOWN, message);
      case null -> {
        // The turn that ended a rotation: its last steps proved it on every instance.
        RotationResult result = draft.lastResult();
        conditions.set(
            type,
            true,
            ConditionReason.RUNNING_ON_ACTIVE_KEYS,
            result == RotationResult.SUCCEEDED
                ? "Every instance runs on the new keys."
                : "Every instance runs on the keys it had before.");
      }
    }
  }

  private static ConditionReason reasonOf(String text) {
    return Stream.of(ConditionReason.values())
        .filter(reason -> reason.text().equals(text))
        .findFirst()
        .orElse(ConditionReason.INTERNAL_ERROR);
  }
}
