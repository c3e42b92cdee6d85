package dev.keyrotation.engine;

import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.api.v1alpha1.ConditionType;
import dev.keyrotation.api.v1alpha1.Epoch;
import dev.keyrotation.api.v1alpha1.HistoryEntry;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.KeyRotationStatus;
import dev.keyrotation.api.v1alpha1.RotationResult;
import dev.keyrotation.api.v1alpha1.RotationStatus;
import dev.keyrotation.plan.Decision;
import dev.keyrotation.plan.Finding;
import dev.keyrotation.plan.PreflightReport;
import dev.keyrotation.plan.Statuses;
import dev.keyrotation.plan.StepOutcome;
import dev.keyrotation.status.StepWords;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Something that people should hear of: told at each edge, whatever the host of the engine.
 *
 * @param reason the word for machines
 * @param message a sentence; it holds no key
 * @param warning whether somebody should look at it
 */
public record News(ConditionReason reason, String message, boolean warning) {

  /** Everything that a turn is worth telling; empty while nothing changes. */
  public static List<News> all(KeyRotation primary, Turn.Taken taken) {
    List<News> all = new ArrayList<>(SoakNews.of(primary, taken.status()));
    of(primary, taken).ifPresent(all::add);
    return List.copyOf(all);
  }

  /** What its decision is worth telling. */
  public static Optional<News> of(KeyRotation primary, Turn.Taken taken) {
    return switch (taken.decision()) {
      case Decision.Start(RotationStatus rotation, PreflightReport report) ->
          info(
              ConditionReason.ROTATING,
              rotation.id()
                  + " begins: "
                  + rotation.keys()
                  + ", mode "
                  + rotation.mode()
                  + ", "
                  + report.values()
                  + " stored values, "
                  + report.instances()
                  + " instances");
      case Decision.Tidy(var rotations) ->
          taken.outcome() instanceof StepOutcome.Failed failed
              ? warning(failed.reason(), "a fence was left over and stays: " + failed.message())
              : warning(
                  ConditionReason.IDLE,
                  "a fence of "
                      + String.join(", ", rotations)
                      + " was left over and is removed: it held instances off the database");
      case Decision.TakeOver(Epoch epoch) ->
          info(ConditionReason.ROTATING, "process " + epoch.holder() + " acts from now on");
      case Decision.Advance(RotationStatus next) ->
          info(
              ConditionReason.ROTATING,
              next.id() + ": " + StepWords.of(next.step(), next.direction()));
      case Decision.TurnBack back ->
          warning(
              ConditionReason.ROLLING_BACK,
              back.rotation().id()
                  + " is rolled back: "
                  + back.reason().text()
                  + ": "
                  + back.message());
      case Decision.Finish(RotationStatus rotation, HistoryEntry entry) -> ended(entry);
      case Decision.Blocked(PreflightReport report) -> blocked(primary, taken.status(), report);
      case Decision.Execute(RotationStatus rotation) -> failed(primary, rotation, taken);
      case Decision.Resume(RotationStatus rotation) ->
          warning(
              ConditionReason.STATUS_LOST,
              "the status was lost; rotation "
                  + rotation.id()
                  + " goes on from what is in the cluster");
      case Decision.Halt(Finding finding) ->
          Objects.equals(
                  message(Statuses.of(primary), ConditionType.STALLED),
                  message(taken.status(), ConditionType.STALLED))
              ? Optional.empty()
              : warning(finding.reason(), finding.message());
      case Decision.Retire(HistoryEntry entry) ->
          taken.outcome() instanceof StepOutcome.Made
              ? info(
                  ConditionReason.IDLE,
                  entry.id() + ": keys of revision " + entry.retiredRevision() + " are retired")
              : Optional.empty();
      default -> Optional.empty();
    };
  }

  private static Optional<News> ended(HistoryEntry entry) {
    return entry.result() == RotationResult.SUCCEEDED
        ? info(
            ConditionReason.ROTATION_SUCCEEDED,
            entry.id()
                + " succeeded: "
                + entry.data().valuesReencrypted()
                + " values re-encrypted, unavailable for "
                + entry.unavailableSeconds()
                + " s")
        : warning(
            entry.result() == RotationResult.ROLLED_BACK
                ? ConditionReason.ROTATION_ROLLED_BACK
                : ConditionReason.ROTATION_ABANDONED,
            entry.id() + " ended on the old keys");
  }

  /** Findings are told when they change, not each time they are found again. */
  private static Optional<News> blocked(
      KeyRotation primary, KeyRotationStatus status, PreflightReport report) {
    return Objects.equals(
            message(Statuses.of(primary), ConditionType.PREFLIGHT_PASSED),
            message(status, ConditionType.PREFLIGHT_PASSED))
        ? Optional.empty()
        : warning(
            report.findings().getFirst().reason(),
            report.findings().stream().map(Finding::message).collect(Collectors.joining(" ")));
  }

  private static Optional<String> message(KeyRotationStatus status, ConditionType type) {
    return status.conditions().stream()
        .filter(c -> type.text().equals(c.getType()))
        .map(c -> c.getStatus() + c.getMessage())
        .findFirst();
  }

  private static Optional<News> failed(
      KeyRotation primary, RotationStatus rotation, Turn.Taken taken) {
    if (!(taken.outcome() instanceof StepOutcome.Failed failed)) {
      return Optional.empty();
    }
    RotationStatus before = Statuses.of(primary).rotation();
    boolean told =
        before != null
            && before.lastFailure() != null
            && before.lastFailure().message().equals(failed.message());
    return told
        ? Optional.empty()
        : warning(
            failed.reason(),
            rotation.id()
                + ", "
                + StepWords.of(rotation.step(), rotation.direction())
                + ": "
                + failed.message());
  }

  private static Optional<News> info(ConditionReason reason, String message) {
    return Optional.of(new News(reason, message, false));
  }

  private static Optional<News> warning(ConditionReason reason, String message) {
    return Optional.of(new News(reason, message, true));
  }
}
