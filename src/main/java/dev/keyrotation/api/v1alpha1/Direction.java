package dev.keyrotation.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonProperty;

/** Which way a rotation goes. Both ways use the same steps. */
public enum Direction {
  /** From the old keys to the new ones. */
  @JsonProperty("Forward")
  FORWARD,
  /** Back to the old keys, after a failure or on request. */
  @JsonProperty("RollBack")
  ROLL_BACK
}
