package dev.keyrotation.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.soabase.recordbuilder.core.RecordBuilder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
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
            "With mode Fenced: how old instances are told from new ones. Addresses when it is not"
                + " set.")
        @Nullable Fencing fencing,
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
        @Nullable CompromiseReport compromise,
    @JsonPropertyDescription("What became of copies of the master key in other Secrets.")
        @Nullable CopyCounts copies)
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

  /** Whether there are copies of the master key in other Secrets to change. */
  public boolean hasCopies() {
    return copies != null && copies.total() > 0;
  }

  /** Whether old instances are told from new ones by a mark in their connection URL. */
  public boolean marksConnections() {
    return mode == RolloutMode.FENCED && fencing == Fencing.MARKS;
  }

  /**
   * The {@code application_name} of instances with the target keys, for example {@code
   * keyrotation-r4-1c0ffee5}. No other rotation or direction has the same one, also when a
   * KeyRotation is deleted and made anew. Known after GenerateKeys.
   */
  public String connectionMark() {
    boolean forward = direction == Direction.FORWARD;
    KeyFingerprints target = Objects.requireNonNull(forward ? newKeys : oldKeys, "target keys");
    String unique = stamp() + " " + target.master() + " " + target.salt();
    return "keyrotation-r" + revision + (forward ? "-" : "-back-") + digest(unique);
  }

  private static String digest(String text) {
    try {
      byte[] hash =
          MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(hash, 0, 4);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
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
