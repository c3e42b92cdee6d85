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
  /**
   * Pod by pod although stored values change: old instances are held off the encrypted tables and
   * serve from memory.
   */
  @JsonProperty("Fenced")
  FENCED,
  /** Stop all, re-encrypt, start all. */
  @JsonProperty("Drain")
  DRAIN
}
