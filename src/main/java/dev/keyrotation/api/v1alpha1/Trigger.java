package dev.keyrotation.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonProperty;

/** What started a rotation. */
public enum Trigger {
  /** A new value of {@code spec.rotate.request}. */
  @JsonProperty("Request")
  REQUEST,
  /** {@code spec.rotate.schedule} was due. */
  @JsonProperty("Schedule")
  SCHEDULE
}
