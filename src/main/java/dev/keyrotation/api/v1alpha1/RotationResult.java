package dev.keyrotation.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonProperty;

/** How a rotation ended. */
public enum RotationResult {
  /** The new keys are in use everywhere and the old master key is refused. */
  @JsonProperty("Succeeded")
  SUCCEEDED,
  /** The old keys are in use everywhere again and the new master key is refused. */
  @JsonProperty("RolledBack")
  ROLLED_BACK,
  /** It ended before anything that the instances read was changed. */
  @JsonProperty("Abandoned")
  ABANDONED
}
