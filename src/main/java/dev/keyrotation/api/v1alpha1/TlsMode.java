package dev.keyrotation.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonProperty;

/** How much is asked of a connection. */
public enum TlsMode {
  /** TLS with a certificate of a trusted authority for the name that is asked. */
  @JsonProperty("VerifyFull")
  VERIFY_FULL,
  /** Nothing is insisted on: the URL decides, as it does for LiteLLM. */
  @JsonProperty("Disabled")
  DISABLED
}
