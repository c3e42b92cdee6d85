package dev.keyrotation.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonProperty;

/** Why keys are replaced. */
public enum RotationReason {
  /** They have been in use for long enough. */
  @JsonProperty("Routine")
  ROUTINE,
  /**
   * Somebody else may know them: the old master key is given no grace, dashboard sessions end, and
   * access that was made with it is listed.
   */
  @JsonProperty("Compromised")
  COMPROMISED
}
