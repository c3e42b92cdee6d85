package dev.keyrotation.status;

import dev.keyrotation.api.v1alpha1.CompromiseReport;
import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.api.v1alpha1.ConditionType;
import dev.keyrotation.api.v1alpha1.CopyCounts;
import dev.keyrotation.api.v1alpha1.Direction;
import dev.keyrotation.api.v1alpha1.Failure;
import dev.keyrotation.api.v1alpha1.HistoryEntry;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.KeyRotationStatus;
import dev.keyrotation.api.v1alpha1.RotationReason;
import dev.keyrotation.api.v1alpha1.RotationResult;
import dev.keyrotation.api.v1alpha1.RotationStatus;
import dev.keyrotation.plan.Decision;
import dev.keyrotation.plan.FailurePolicy;
import dev.keyrotation.plan.Finding;
import dev.keyrotation.plan.ObservedState;
import dev.keyrotation.plan.ObservedState.Operand;
import dev.keyrotation.plan.PreflightReport;
import dev.keyrotation.plan.RollBackRequest;
import dev.keyrotation.plan.Triggers;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** What the conditions say: to people in sentences, to tools in words. */
final class ConditionWriter {
  private static final String UNCONFIRMED =
      "Somebody else may know the old keys, and a roll back would make them work again. If that is"
          + " meant, set spec.rotate.acceptCompromisedKeys to true beside spec.rotate.rollBack: ";

  private ConditionWriter() {}

  /** Sets every condition. */
  static void write(
      ConditionSet conditions,
      KeyRotation primary,
      KeyRotationStatus draft,
      ObservedState observed,
      Decision decision,
      Triggers.@Nullable Next announced) {
    setPreflight(conditions, decision);
    setRotated(conditions, draft);
    setRollBackPossible(conditions, primary, draft);
    SoakWords.write(conditions, draft);
    RotationStatus rotation = draft.rotation();
    if (rotation != null) {
      setRotating(conditions, rotation, decision);
    } else {
      setResting(conditions, primary, draft, observed, decision, announced);
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
    return report.findings().stream()
        .map(Finding::message)
        .map(message -> message.endsWith(".") ? message : message + ".")
        .collect(Collectors.joining(" "));
  }

  private static String planSentence(PreflightReport report) {
    return report.values()
        + " stored values, "
        + report.instances()
        + " instances; details in status.plan.";
  }

  /** What clients find that read a copy of the master key, as a sentence with a space before it. */
  private static String copies(HistoryEntry entry) {
    CopyCounts copies = entry.copies();
    if (copies == null) {
      return "";
    }
    return " "
        + copies.updated()
        + " of "
        + copies.total()
        + " copies of the master key were read back and hold it."
        + (copies.left() == 0
            ? ""
            : " The others had been changed by somebody else and were left alone: correct them.");
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
                  + " s."
                  + copies(last)
                  + found(last.compromise()));
      case ROLLED_BACK ->
          conditions.set(
              type,
              false,
              ConditionReason.ROTATION_ROLLED_BACK,
              "Rotation "
                  + last.id()
                  + " was rolled back to the old keys"
                  + (last.reason() == RotationReason.COMPROMISED
                      ? ", which somebody else may know."
                      : ".")
                  + copies(last)
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

  private static void setRollBackPossible(
      ConditionSet conditions, KeyRotation primary, KeyRotationStatus draft) {
    ConditionType type = ConditionType.ROLL_BACK_POSSIBLE;
    RotationStatus rotation = draft.rotation();
    if (rotation != null) {
      boolean forward = rotation.direction() == Direction.FORWARD;
      if (forward && lacksConfirmation(primary, rotation.id(), rotation.reason())) {
        conditions.set(
            type, false, ConditionReason.ROLL_BACK_UNCONFIRMED, UNCONFIRMED + rotation.id() + ".");
        return;
      }
      conditions.set(
          type,
          forward,
          forward ? ConditionReason.ROTATING : ConditionReason.ROLLING_BACK,
          forward
              ? "Set spec.rotate.rollBack to "
                  + rotation.id()
                  + confirmation(rotation.reason())
                  + " to turn it back."
              : "It is being rolled back.");
      return;
    }
    RollBackRequest.candidate(draft)
        .ifPresentOrElse(
            entry -> setOldKeysKept(conditions, primary, entry),
            () ->
                conditions.set(
                    type,
                    false,
                    ConditionReason.NOTHING_TO_ROLL_BACK,
                    "There is no succeeded rotation whose old keys are kept."));
  }

  private static void setOldKeysKept(
      ConditionSet conditions, KeyRotation primary, HistoryEntry entry) {
    ConditionType type = ConditionType.ROLL_BACK_POSSIBLE;
    if (lacksConfirmation(primary, entry.id(), entry.reason())) {
      conditions.set(
          type, false, ConditionReason.ROLL_BACK_UNCONFIRMED, UNCONFIRMED + entry.id() + ".");
      return;
    }
    conditions.set(
        type,
        true,
        ConditionReason.OLD_KEYS_KEPT,
        "Set spec.rotate.rollBack to "
            + entry.id()
            + confirmation(entry.reason())
            + " until "
            + RollBackRequest.keptUntil(primary, entry)
            + ".");
  }

  private static boolean lacksConfirmation(KeyRotation primary, String id, RotationReason reason) {
    return id.equals(primary.getSpec().rotate().rollBack())
        && !RollBackRequest.isConfirmed(primary, reason);
  }

  private static String confirmation(RotationReason reason) {
    return reason == RotationReason.COMPROMISED
        ? " and spec.rotate.acceptCompromisedKeys to true (somebody else may know the old keys)"
        : "";
  }

  private static String found(@Nullable CompromiseReport report) {
    if (report == null) {
      return "";
    }
    String since = report.since();
    return " "
        + report.sessionsEnded()
        + " dashboard sessions ended; "
        + report.adminKeys()
        + " keys and "
        + report.adminUsers()
        + " users with admin rights were created"
        + (since == null ? "" : " since " + since)
        + ": look through status.history[0].compromise.";
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
      Decision decision,
      Triggers.@Nullable Next announced) {
    if (decision instanceof Decision.Blocked(PreflightReport report)) {
      ConditionReason reason = report.findings().getFirst().reason();
      conditions.set(
          ConditionType.RECONCILING, false, reason, "Preflight has findings; it is repeated.");
      conditions.set(ConditionType.STALLED, true, reason, sentences(report));
      conditions.set(ConditionType.READY, false, reason, sentences(report));
      return;
    }
    ConditionReason rest = restReason(primary, announced);
    conditions.set(ConditionType.RECONCILING, false, rest, restSentence(rest, announced));
    if (decision instanceof Decision.Halt(Finding finding)) {
      conditions.set(ConditionType.STALLED, true, finding.reason(), finding.message());
      conditions.set(ConditionType.READY, false, finding.reason(), finding.message());
      return;
    }
    conditions.set(ConditionType.STALLED, false, rest, "Nothing holds it up.");
    setReady(conditions, draft, observed.operand());
  }

  private static ConditionReason restReason(
      KeyRotation primary, Triggers.@Nullable Next announced) {
    if (primary.getSpec().suspend()) {
      return ConditionReason.SUSPENDED;
    }
    if (primary.getSpec().rotate().planOnly()) {
      return ConditionReason.PLANNED_ONLY;
    }
    ConditionReason heldBy = announced == null ? null : announced.heldBy();
    return heldBy == null ? ConditionReason.IDLE : heldBy;
  }

  private static String restSentence(ConditionReason rest, Triggers.@Nullable Next announced) {
    return switch (rest) {
      case SUSPENDED -> "spec.suspend holds back new rotations.";
      case PLANNED_ONLY -> "spec.rotate.planOnly holds back rotations; the plan is in status.plan.";
      case WAITING_FOR_WINDOW ->
          "The next rotation waits for a window of spec.rotate.windows, " + begin(announced);
      case MINIMUM_GAP_NOT_OVER ->
          "The next rotation waits for spec.rotate.minimumGap, " + begin(announced);
      default -> "No rotation is due.";
    };
  }

  private static String begin(Triggers.@Nullable Next announced) {
    return announced == null ? "" : "and begins at " + FailurePolicy.text(announced.at()) + ".";
  }

  private static void setReady(
      ConditionSet conditions, KeyRotationStatus draft, @Nullable Operand operand) {
    ConditionType type = ConditionType.READY;
    switch (operand) {
      case Operand.OnActiveKeys(String message) ->
          conditions.set(type, true, ConditionReason.RUNNING_ON_ACTIVE_KEYS, message);
      case Operand.Drifted(String message, int stragglers) ->
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
