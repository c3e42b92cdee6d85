package dev.keyrotation.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonProperty;

/**
 * The steps of a rotation. A rotation takes those it needs, in an order that depends on its
 * strategy.
 */
public enum StepName {
  /** Reads everything and writes nothing; ends clean or with findings that block. */
  @JsonProperty("Preflight")
  PREFLIGHT,
  /** The present keys and the new keys are in immutable Secrets, one per revision. */
  @JsonProperty("GenerateKeys")
  GENERATE_KEYS,
  /**
   * Short-lived admin rows let instances of both revisions accept the old and the new master key.
   */
  @JsonProperty("OpenGrace")
  OPEN_GRACE,
  /** No instance runs. Drain only. */
  @JsonProperty("StopWorkloads")
  STOP_WORKLOADS,
  /** The Secret that the instances read carries the keys of the target revision and its mark. */
  @JsonProperty("PublishKeys")
  PUBLISH_KEYS,
  /**
   * Copies of the master key in other Secrets hold that of the target revision. Only when the spec
   * names some.
   */
  @JsonProperty("PublishCopies")
  PUBLISH_COPIES,
  /**
   * The connection URL that the instances read carries the mark of the target revision. Fenced
   * only, where addresses do not tell instances apart.
   */
  @JsonProperty("MarkConnections")
  MARK_CONNECTIONS,
  /**
   * Every encrypted value is under the target encryption key, changed in one transaction with a
   * journal row.
   */
  @JsonProperty("ReencryptData")
  REENCRYPT_DATA,
  /** Every running instance carries the revision mark and is available. */
  @JsonProperty("RestartWorkloads")
  RESTART_WORKLOADS,
  /**
   * Every instance accepts the target master key, refuses a random one and reads every stored
   * model.
   */
  @JsonProperty("Verify")
  VERIFY,
  /** Rows of the other master key are moved or gone and every instance refuses that key. */
  @JsonProperty("CloseGrace")
  CLOSE_GRACE
}
