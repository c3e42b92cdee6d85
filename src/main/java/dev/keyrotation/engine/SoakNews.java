package dev.keyrotation.engine;

import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.KeyRotationStatus;
import dev.keyrotation.api.v1alpha1.SoakProblem;
import dev.keyrotation.api.v1alpha1.SoakResult;
import dev.keyrotation.api.v1alpha1.SoakStatus;
import dev.keyrotation.plan.Statuses;
import dev.keyrotation.status.SoakWords;
import java.util.List;

/** What a turn shows of the time after a rotation: each kind of problem once, and a good end. */
public final class SoakNews {
  private SoakNews() {}

  /** Kinds of problems that {@code status} tells of and the status of {@code primary} does not. */
  public static List<SoakProblem> problems(KeyRotation primary, KeyRotationStatus status) {
    SoakStatus soak = status.soak();
    if (soak == null) {
      return List.of();
    }
    SoakStatus before = Statuses.of(primary).soak();
    List<String> known =
        before == null || !before.rotation().equals(soak.rotation())
            ? List.of()
            : before.problems().stream().map(SoakProblem::reason).toList();
    return soak.problems().stream().filter(problem -> !known.contains(problem.reason())).toList();
  }

  /** Whether this turn ended a soak that found nothing. */
  public static boolean hasPassed(KeyRotation primary, KeyRotationStatus status) {
    SoakStatus soak = status.soak();
    SoakStatus before = Statuses.of(primary).soak();
    return soak != null
        && soak.result() == SoakResult.PASSED
        && (before == null || before.result() != SoakResult.PASSED);
  }

  /** The same for people. */
  static List<News> of(KeyRotation primary, KeyRotationStatus status) {
    SoakStatus soak = status.soak();
    if (soak == null) {
      return List.of();
    }
    if (hasPassed(primary, status)) {
      return List.of(new News(ConditionReason.SOAK_PASSED, SoakWords.sentence(soak), false));
    }
    return problems(primary, status).stream()
        .map(
            problem ->
                new News(
                    ConditionReason.SOAK_PROBLEM,
                    "after rotation "
                        + soak.rotation()
                        + ": "
                        + problem.reason()
                        + ": "
                        + problem.message(),
                    true))
        .toList();
  }
}
