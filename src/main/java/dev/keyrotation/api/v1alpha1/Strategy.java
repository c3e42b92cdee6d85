package dev.keyrotation.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonProperty;

/** How the instances are taken from the old to the new keys. */
public enum Strategy {
  /**
   * Fenced where preflight proves it possible, else Drain; rolling when no stored value has to
   * change.
   */
  @JsonProperty("Auto")
  AUTO,
  /**
   * Old instances keep serving from memory, fenced off the encrypted tables, while new ones start
   * on the new rows.
   */
  @JsonProperty("Fenced")
  FENCED,
  /**
   * All instances stop, the data is re-encrypted, all instances start. Always right; has a gap,
   * which is measured.
   */
  @JsonProperty("Drain")
  DRAIN
}
