package dev.keyrotation.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonProperty;

/** How the fence of a rotation tells old instances from new ones. */
public enum Fencing {
  /** By the addresses from which the database sees them. */
  @JsonProperty("Addresses")
  ADDRESSES,
  /**
   * By {@code application_name} in the connection URL, which the rotation writes: whoever has
   * another one is held off.
   */
  @JsonProperty("Marks")
  MARKS,
  /**
   * Nobody is held off: on the way back, after the marks turned out not to reach the database. Old
   * instances can read the values again then.
   */
  @JsonProperty("Nobody")
  NOBODY
}
