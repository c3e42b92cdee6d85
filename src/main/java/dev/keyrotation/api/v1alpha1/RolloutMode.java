package dev.keyrotation.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonProperty;

/**
 * How a rotation that is under way restarts the instances; decided by its preflight, fixed for the
 * whole run.
 */
public enum RolloutMode {
  /** Pod by pod: no stored value changes, so old and new instances can serve side by side. */
  @JsonProperty("Rolling")
  ROLLING,
  /** Stop all, re-encrypt, start all. */
  @JsonProperty("Drain")
  DRAIN
}
