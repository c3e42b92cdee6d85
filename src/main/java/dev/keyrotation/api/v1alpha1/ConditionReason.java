package dev.keyrotation.api.v1alpha1;

/**
 * Every reason that a condition, an event or a failure of a KeyRotation can carry. Part of the API:
 * only added to.
 */
public enum ConditionReason {
  /** Every instance runs on the active keys. */
  RUNNING_ON_ACTIVE_KEYS("RunningOnActiveKeys"),
  /** Some instance does not run on the active keys, or cannot be asked. */
  INSTANCES_NOT_ON_ACTIVE_KEYS("InstancesNotOnActiveKeys"),
  /** A rotation is under way; the message names the step. */
  ROTATING("Rotating"),
  /** The rotation goes back to the old keys; the message says why. */
  ROLLING_BACK("RollingBack"),
  /** {@code spec.rotate.rollBack} names the rotation. */
  ROLL_BACK_REQUESTED("RollBackRequested"),
  /** The old keys of the last rotation are kept. */
  OLD_KEYS_KEPT("OldKeysKept"),
  /**
   * {@code spec.rotate.rollBack} names a rotation whose old keys were compromised, without {@code
   * spec.rotate.acceptCompromisedKeys}.
   */
  ROLL_BACK_UNCONFIRMED("RollBackUnconfirmed"),
  /** There is no rotation whose old keys are kept. */
  NOTHING_TO_ROLL_BACK("NothingToRollBack"),
  /** There is nothing to do. */
  IDLE("Idle"),
  /** {@code spec.suspend} holds back new rotations. */
  SUSPENDED("Suspended"),
  /** A rotation is due and waits until a window of {@code spec.rotate.windows} opens. */
  WAITING_FOR_WINDOW("WaitingForWindow"),
  /** A rotation is due and waits until {@code spec.rotate.minimumGap} is over. */
  MINIMUM_GAP_NOT_OVER("MinimumGapNotOver"),
  /** It has not been looked at yet. */
  NOT_CHECKED("NotChecked"),
  /** Preflight found nothing that blocks. */
  NO_BLOCKING_FINDING("NoBlockingFinding"),
  /** No rotation has ended yet. */
  NO_ROTATION_YET("NoRotationYet"),
  /** The last rotation succeeded. */
  ROTATION_SUCCEEDED("RotationSucceeded"),
  /** The last rotation was rolled back to the old keys. */
  ROTATION_ROLLED_BACK("RotationRolledBack"),
  /** The last rotation ended before anything was changed. */
  ROTATION_ABANDONED("RotationAbandoned"),
  /** Only a plan was asked for; it is in {@code status.plan}. */
  PLANNED_ONLY("PlannedOnly"),

  /** A value of the spec that admission cannot check is wrong: a cron expression, a time zone. */
  INVALID_SPEC("InvalidSpec"),
  /** The spec asks for something that this version does not do. */
  NOT_SUPPORTED("NotSupported"),
  /** The Secret or environment file from which instances read their keys does not exist. */
  SECRET_NOT_FOUND("SecretNotFound"),
  /** The Secret or environment file lacks an entry, or an entry is empty or no usable key. */
  SECRET_KEY_INVALID("SecretKeyInvalid"),
  /**
   * The Secret is immutable, another controller writes it, or an environment file cannot be
   * replaced.
   */
  SECRET_NOT_WRITABLE("SecretNotWritable"),
  /** The Secret of the database URL, or its entry, does not exist or is no URL. */
  DATABASE_URL_INVALID("DatabaseUrlInvalid"),
  /** The database does not answer. */
  DATABASE_UNAVAILABLE("DatabaseUnavailable"),
  /** The database refuses the login or a privilege. */
  DATABASE_ACCESS_DENIED("DatabaseAccessDenied"),
  /**
   * A server's certificate cannot be verified: its authority, its name or its time does not fit, it
   * offers no TLS, or the authorities to trust cannot be read.
   */
  TLS_FAILED("TlsFailed"),
  /** The schema holds no LiteLLM tables. */
  DATABASE_NOT_LITELLM("DatabaseNotLiteLLM"),
  /** Another KeyRotation rotates the keys of this database. */
  DATABASE_OWNED_BY_OTHER("DatabaseOwnedByOther"),
  /** The Secret of the Redis URL, or its entry, does not exist or is no URL. */
  REDIS_URL_INVALID("RedisUrlInvalid"),
  /** The Redis server does not answer, refuses, or is a cluster. */
  REDIS_UNAVAILABLE("RedisUnavailable"),
  /** Something that is not this operator keeps using the database while nothing should. */
  DATABASE_IN_USE("DatabaseInUse"),
  /**
   * {@code spec.strategy} is Fenced and old instances cannot be fenced off the encrypted tables.
   */
  FENCE_NOT_POSSIBLE("FenceNotPossible"),
  /**
   * The mark in the connection URL does not tell new instances from old ones: it cannot be written,
   * or the database does not see it.
   */
  CONNECTION_MARK_NOT_SEEN("ConnectionMarkNotSeen"),
  /** A lock was not granted in time. */
  DATABASE_LOCKED("DatabaseLocked"),
  /**
   * A stored value looks encrypted but opens under no known key; the message names table, column
   * and row.
   */
  VALUE_UNREADABLE("ValueUnreadable"),
  /** A stored value has a format mark that this version does not know. */
  VALUE_FORMAT_UNKNOWN("ValueFormatUnknown"),
  /** No value could be opened although some look encrypted: the key is probably the wrong one. */
  WRONG_ENCRYPTION_KEY("WrongEncryptionKey"),
  /** The workload does not exist. */
  WORKLOAD_NOT_FOUND("WorkloadNotFound"),
  /** The workload has no instance, so nothing could be verified. */
  WORKLOAD_HAS_NO_INSTANCES("WorkloadHasNoInstances"),
  /** The workload is paused, being deleted or in mid-rollout. */
  WORKLOAD_NOT_STEADY("WorkloadNotSteady"),
  /** The workload does not read its keys from the Secret or file that the spec names. */
  WORKLOAD_DOES_NOT_READ_SECRET("WorkloadDoesNotReadSecret"),
  /**
   * The running instances do not accept the key in the Secret, so it is not the key they run with.
   */
  INSTANCES_ON_OTHER_KEY("InstancesOnOtherKey"),

  /** A host does not answer over SSH, or an answer was lost. */
  HOST_UNREACHABLE("HostUnreachable"),
  /** A host refuses the login or a command, or sudo asks for a password. */
  HOST_ACCESS_DENIED("HostAccessDenied"),
  /** A host shows another key than the spec names. */
  HOST_KEY_MISMATCH("HostKeyMismatch"),
  /** A command of a host failed, or its disk is full. */
  HOST_COMMAND_FAILED("HostCommandFailed"),
  /** The workload has failed and nobody will start it again. */
  WORKLOAD_FAILED("WorkloadFailed"),

  /** The status is gone and the cluster does not tell where the last rotation stood. */
  STATUS_LOST("StatusLost"),
  /** The kept keys of a revision exist but is not ours or not what it should be. */
  KEY_SECRET_CONFLICT("KeySecretConflict"),
  /** Kept keys that a rotation needs are gone. */
  KEY_SECRET_LOST("KeySecretLost"),
  /** Somebody else changed the consumer Secret or environment file in mid-rotation. */
  SECRET_CHANGED_BY_OTHER("SecretChangedByOther"),
  /** Re-encryption failed. */
  REENCRYPTION_FAILED("ReencryptionFailed"),
  /** An instance does not accept the target key, accepts a random one, or cannot read a model. */
  VERIFICATION_FAILED("VerificationFailed"),
  /** An instance still accepts the key that was replaced. */
  OLD_KEY_STILL_ACCEPTED("OldKeyStillAccepted"),
  /** The time after the last rotation is being watched, and nothing was found so far. */
  SOAK_UNDER_WAY("SoakUnderWay"),
  /** The time after the last rotation is over and has shown nothing. */
  SOAK_PASSED("SoakPassed"),
  /** A look after the last rotation found something; the message says what. */
  SOAK_PROBLEM("SoakProblem"),
  /** Nothing is watched: there was no rotation, it did not succeed, or one is under way. */
  SOAK_OFF("SoakOff"),
  /** Stored values are under the encryption key that was replaced. */
  VALUES_UNDER_OLD_KEY("ValuesUnderOldKey"),
  /** Instances have logged that they cannot decrypt values. */
  DECRYPTION_ERRORS_LOGGED("DecryptionErrorsLogged"),
  /** The step took longer than {@code spec.stepDeadline}. */
  STEP_DEADLINE_EXCEEDED("StepDeadlineExceeded"),
  /** It cannot be known whether the step is done; the operator waits. */
  EVIDENCE_UNKNOWN("EvidenceUnknown"),
  /** The audit cannot be written. */
  AUDIT_NOT_WRITTEN("AuditNotWritten"),
  /** The API server refused or did not answer. */
  CLUSTER_UNAVAILABLE("ClusterUnavailable"),
  /** Another process of the operator has taken over; this one changes nothing. */
  SUPERSEDED("Superseded"),
  /** A fault of the operator itself. */
  INTERNAL_ERROR("InternalError");

  private final String text;

  ConditionReason(String text) {
    this.text = text;
  }

  /** The word in CamelCase that stands in {@code reason}. */
  public String text() {
    return text;
  }
}
