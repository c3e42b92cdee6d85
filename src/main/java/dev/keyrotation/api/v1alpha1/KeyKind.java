package dev.keyrotation.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonProperty;

/** A key that a rotation replaces. */
public enum KeyKind {
  /** {@code LITELLM_MASTER_KEY}: the bearer key with admin rights. */
  @JsonProperty("Master")
  MASTER,
  /**
   * {@code LITELLM_SALT_KEY}: encrypts provider credentials and other secrets in LiteLLM's
   * database.
   */
  @JsonProperty("Salt")
  SALT
}
