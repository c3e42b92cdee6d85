package dev.keyrotation.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonProperty;

/**
 * What happens to a row of the old master key in {@code LiteLLM_VerificationToken}. LiteLLM before
 * February 2025 (its pull request 8268) inserted such a row at start-up; it would keep the old key
 * alive after the rotation.
 */
public enum MasterKeyRowPolicy {
  /**
   * The row becomes the new key's row, as LiteLLM's own key regeneration does it; spend and
   * references follow.
   */
  @JsonProperty("Move")
  MOVE,
  /** The row is deleted. */
  @JsonProperty("Remove")
  REMOVE
}
