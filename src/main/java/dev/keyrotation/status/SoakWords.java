package dev.keyrotation.status;

import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.api.v1alpha1.ConditionType;
import dev.keyrotation.api.v1alpha1.KeyRotationStatus;
import dev.keyrotation.api.v1alpha1.SoakStatus;
import java.util.stream.Collectors;

/** What a soak says to people. */
public final class SoakWords {
  private SoakWords() {}

  static void write(ConditionSet conditions, KeyRotationStatus draft) {
    ConditionType type = ConditionType.SOAKED;
    SoakStatus soak = draft.soak();
    if (soak == null) {
      conditions.setUnknown(type, ConditionReason.SOAK_OFF, "Nothing is watched.");
      return;
    }
    switch (soak.result()) {
      case WATCHING -> {
        // No count of looks: it would change the condition with each.
        String sentence = "Rotation " + soak.rotation() + " is watched until " + soak.until() + ".";
        conditions.setUnknown(type, ConditionReason.SOAK_UNDER_WAY, sentence);
      }
      case PASSED -> conditions.set(type, true, ConditionReason.SOAK_PASSED, sentence(soak));
      case PROBLEMS -> conditions.set(type, false, ConditionReason.SOAK_PROBLEM, problems(soak));
      case UNKNOWN -> conditions.setUnknown(type, ConditionReason.EVIDENCE_UNKNOWN, sentence(soak));
    }
  }

  /** Where it stands, in one sentence or two. */
  public static String sentence(SoakStatus soak) {
    String looks = soak.looks() + (soak.looks() == 1 ? " look" : " looks");
    return switch (soak.result()) {
      case WATCHING ->
          "Rotation "
              + soak.rotation()
              + " is watched until "
              + soak.until()
              + ": "
              + looks
              + ", nothing found so far.";
      case PASSED ->
          "Rotation "
              + soak.rotation()
              + " was watched until "
              + soak.until()
              + ": "
              + looks
              + ", nothing found.";
      case PROBLEMS -> problems(soak);
      case UNKNOWN ->
          "Rotation "
              + soak.rotation()
              + " was watched until "
              + soak.until()
              + ", and no look could ask everything: "
              + soak.unclear();
    };
  }

  private static String problems(SoakStatus soak) {
    return soak.problems().stream()
        .map(
            problem ->
                problem.reason() + " since " + problem.firstSeen() + ": " + problem.message())
        .collect(Collectors.joining(" ", "Found after rotation " + soak.rotation() + ": ", ""));
  }
}
