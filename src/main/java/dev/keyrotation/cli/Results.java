package dev.keyrotation.cli;

import dev.keyrotation.api.v1alpha1.ConditionType;
import dev.keyrotation.api.v1alpha1.Failure;
import dev.keyrotation.api.v1alpha1.HistoryEntry;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.PlanStatus;
import dev.keyrotation.api.v1alpha1.SoakStatus;
import dev.keyrotation.plan.Statuses;
import dev.keyrotation.status.SoakWords;
import java.util.List;
import java.util.stream.Collectors;

/** The ends that a verb can come to, in words and exit codes. */
final class Results {
  private Results() {}

  static Result ended(HistoryEntry entry, KeyRotation resource) {
    Failure failure = entry.failure();
    String cause =
        failure == null
            ? ""
            : " Cause (" + failure.step() + ", " + failure.reason() + "): " + failure.message();
    return switch (entry.result()) {
      case SUCCEEDED ->
          new Result(
              ExitCode.SUCCEEDED,
              "Rotation "
                  + entry.id()
                  + " succeeded: "
                  + entry.data().valuesReencrypted()
                  + " values re-encrypted, unavailable for "
                  + entry.unavailableSeconds()
                  + " s.",
              resource);
      case ROLLED_BACK ->
          new Result(
              ExitCode.ROLLED_BACK,
              "Rotation " + entry.id() + " was rolled back to the old keys." + cause,
              resource);
      case ABANDONED ->
          new Result(
              ExitCode.ROLLED_BACK,
              "Rotation "
                  + entry.id()
                  + " ended before anything that the instances read was changed."
                  + cause,
              resource);
    };
  }

  /** {@code rest}, and what the time after the rotation has shown; it is over. */
  static Result soaked(Result rest, KeyRotation resource) {
    SoakStatus soak = Statuses.of(resource).soak();
    if (soak == null || rest.exitCode() != ExitCode.SUCCEEDED) {
      return rest;
    }
    ExitCode code =
        switch (soak.result()) {
          case WATCHING, PASSED -> ExitCode.SUCCEEDED;
          case PROBLEMS -> ExitCode.SOAK_PROBLEMS;
          case UNKNOWN -> ExitCode.STALLED;
        };
    return new Result(code, rest.sentence() + "\n" + SoakWords.sentence(soak), resource);
  }

  /** The watch was broken off. */
  static Result soakInterrupted(Result rest, KeyRotation resource, String how) {
    return new Result(
        ExitCode.INTERRUPTED, rest.sentence() + "\nNo longer watched. " + how, resource);
  }

  static Result findings(KeyRotation resource) {
    PlanStatus plan = Statuses.of(resource).plan();
    List<String> findings = plan == null ? List.of() : plan.findings();
    return new Result(
        ExitCode.FINDINGS,
        "Nothing was changed. In the way of a rotation:\n"
            + findings.stream().map(f -> "  - " + f).collect(Collectors.joining("\n")),
        resource);
  }

  /** A request that waits for its time, or for suspension to end. */
  static Result held(KeyRotation resource) {
    String why =
        Statuses.of(resource).conditions().stream()
            .filter(c -> ConditionType.RECONCILING.text().equals(c.getType()))
            .map(c -> c.getMessage())
            .findFirst()
            .orElse("");
    return new Result(ExitCode.FINDINGS, "Nothing was started. " + why, resource);
  }

  static Result stalled(Failure failure, KeyRotation resource, String again) {
    return new Result(
        ExitCode.STALLED,
        "The rotation cannot go on by itself ("
            + failure.step()
            + ", "
            + failure.reason()
            + "): "
            + failure.message()
            + " "
            + again,
        resource);
  }
}
