package dev.keyrotation.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.soabase.recordbuilder.core.RecordBuilder;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The rotation that is under way. It is a write-ahead record: a step stands here before its effect
 * begins.
 */
@RecordBuilder
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public record RotationStatus(
    @JsonPropertyDescription("Identifies the rotation; every effect is stamped with it.") String id,
    @JsonPropertyDescription("Revision of the new keys. A revision is never used twice.")
        long revision,
    @JsonPropertyDescription("Revision of the old keys.") long fromRevision,
    @JsonPropertyDescription("Forward or RollBack.") Direction direction,
    @JsonPropertyDescription("The present step.") StepName step,
    @JsonPropertyDescription("The keys that it replaces, as the spec said when it began.")
        List<KeyKind> keys,
    @JsonPropertyDescription("How instances are restarted; known after preflight.")
        @Nullable RolloutMode mode,
    @JsonPropertyDescription(
            "Whether stored values have to be re-encrypted; known after preflight.")
        boolean reencrypts,
    @JsonPropertyDescription("What started it.") Trigger trigger,
    @JsonPropertyDescription("The value of spec.rotate.request that started it.")
        @Nullable String request,
    @JsonPropertyDescription("Why the keys are replaced.") RotationReason reason,
    @JsonPropertyDescription("When it began, RFC 3339.") String startedAt,
    @JsonPropertyDescription("When the present step began, RFC 3339.") String stepStartedAt,
    @JsonPropertyDescription("Failed attempts of the present step.") int attempts,
    @JsonPropertyDescription("Not before this time is the step tried again, RFC 3339.")
        @Nullable String nextAttemptAt,
    @JsonPropertyDescription("The last failed attempt of the present step.")
        @Nullable Failure lastFailure,
    @JsonPropertyDescription("Why it is rolled back.") @Nullable Failure rollBackCause,
    @JsonPropertyDescription("Why it cannot go on without help.") @Nullable Failure stalled,
    @JsonPropertyDescription("Fingerprints of the old keys.") KeyFingerprints oldKeys,
    @JsonPropertyDescription("Fingerprints of the new keys; known after GenerateKeys.")
        @Nullable KeyFingerprints newKeys,
    @JsonPropertyDescription("Stored models that each instance listed before the rotation.")
        int storedModels,
    @JsonPropertyDescription("The furthest step that was begun in direction Forward.")
        StepName reached,
    @JsonPropertyDescription("Sizes of the workloads before they were stopped.")
        List<WorkloadSize> sizes,
    @JsonPropertyDescription("When the workloads were stopped, RFC 3339.")
        @Nullable String stoppedAt,
    @JsonPropertyDescription("How long no instance was to serve, in seconds.")
        long unavailableSeconds,
    @JsonPropertyDescription("Since when verification holds without a break, RFC 3339.")
        @Nullable String verifiedSince,
    @JsonPropertyDescription("How far the present step is.") @Nullable Progress progress,
    @JsonPropertyDescription("What was done to the database.") DataCounts data,
    @JsonPropertyDescription("With reason Compromised: what was ended and found.")
        @Nullable CompromiseReport compromise)
    implements RotationStatusBuilder.With {

  public RotationStatus {
    keys = keys == null ? List.of() : List.copyOf(keys);
    sizes = sizes == null ? List.of() : List.copyOf(sizes);
    data = data == null ? DataCounts.NONE : data;
    reason = reason == null ? RotationReason.ROUTINE : reason;
  }

  /** Whether somebody else may know the keys that it replaces. */
  public boolean compromised() {
    return reason == RotationReason.COMPROMISED;
  }

  /**
   * The mark that effects of this rotation carry in its present direction, for example {@code
   * litellm-r4/Forward}.
   */
  public String stamp() {
    return stamp(direction);
  }

  /** The mark that effects of this rotation carry in the given direction. */
  public String stamp(Direction towards) {
    return id + "/" + (towards == Direction.FORWARD ? "Forward" : "RollBack");
  }

  /** The revision whose keys are to be in use when it ends. */
  public long targetRevision() {
    return direction == Direction.FORWARD ? revision : fromRevision;
  }

  /** The revision whose master key is to be refused when it ends. */
  public long otherRevision() {
    return direction == Direction.FORWARD ? fromRevision : revision;
  }
}
