package dev.keyrotation.audit;

import com.fasterxml.jackson.annotation.JsonProperty;

/** What a record of the audit tells. Part of the format: only added to. */
public enum AuditEvent {
  /** Preflight stands in the way of a rotation that was asked for. */
  @JsonProperty("Blocked")
  BLOCKED,
  /** A rotation begins. */
  @JsonProperty("Begun")
  BEGUN,
  /** The step before is proven; this one begins. */
  @JsonProperty("StepBegun")
  STEP_BEGUN,
  /** An attempt of a step failed. */
  @JsonProperty("AttemptFailed")
  ATTEMPT_FAILED,
  /** The rotation turns back to the old keys. */
  @JsonProperty("RollBackBegun")
  ROLL_BACK_BEGUN,
  /** The rotation has ended; the result says how. */
  @JsonProperty("Ended")
  ENDED,
  /** A soak check of the time after a rotation found something. */
  @JsonProperty("SoakProblem")
  SOAK_PROBLEM,
  /** The time after a rotation is over; its looks found nothing. */
  @JsonProperty("SoakPassed")
  SOAK_PASSED,
  /** What the rotation replaced is removed. */
  @JsonProperty("Retired")
  RETIRED,
  /** The status was lost and rebuilt from what is in the world. */
  @JsonProperty("StatusRebuilt")
  STATUS_REBUILT,
  /** Nothing can begin until somebody helps. */
  @JsonProperty("Halted")
  HALTED
}
