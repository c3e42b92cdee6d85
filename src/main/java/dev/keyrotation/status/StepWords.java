package dev.keyrotation.status;

import dev.keyrotation.api.v1alpha1.Direction;
import dev.keyrotation.api.v1alpha1.StepName;

/** What a step does, in words for conditions and events. */
public final class StepWords {
  private StepWords() {}

  /** For example {@code publishing the new keys}. */
  public static String of(StepName step, Direction direction) {
    String target = direction == Direction.FORWARD ? "new" : "old";
    String other = direction == Direction.FORWARD ? "old" : "new";
    return switch (step) {
      case PREFLIGHT -> "checking that a rotation is possible";
      case GENERATE_KEYS -> "generating keys";
      case OPEN_GRACE -> "letting instances accept both master keys";
      case STOP_WORKLOADS -> "stopping all instances";
      case PUBLISH_KEYS -> "publishing the " + target + " keys";
      case PUBLISH_COPIES -> "giving the " + target + " master key to copies in other Secrets";
      case MARK_CONNECTIONS -> "marking connections of instances on the " + target + " keys";
      case REENCRYPT_DATA -> "re-encrypting stored values under the " + target + " key";
      case RESTART_WORKLOADS -> "starting instances on the " + target + " keys";
      case VERIFY -> "verifying the " + target + " keys on every instance";
      case CLOSE_GRACE -> "proving that the " + other + " master key is refused";
    };
  }
}
