package dev.keyrotation.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.soabase.recordbuilder.core.RecordBuilder;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A rotation that ended. */
@RecordBuilder
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public record HistoryEntry(
    @JsonPropertyDescription("Identifies the rotation.") String id,
    @JsonPropertyDescription("Revision of the keys that it generated.") long revision,
    @JsonPropertyDescription("Revision of the keys that were in use before it.") long fromRevision,
    @JsonPropertyDescription("How it ended.") RotationResult result,
    @JsonPropertyDescription("The keys that it replaced.") List<KeyKind> keys,
    @JsonPropertyDescription("What started it.") Trigger trigger,
    @JsonPropertyDescription("The value of spec.rotate.request that started it.")
        @Nullable String request,
    @JsonPropertyDescription("Why the keys were replaced.") RotationReason reason,
    @JsonPropertyDescription("Fingerprints of the keys that were in use before it.")
        KeyFingerprints oldKeys,
    @JsonPropertyDescription("How instances were restarted.") @Nullable RolloutMode mode,
    @JsonPropertyDescription("With mode Fenced: how old instances were told from new ones.")
        @Nullable Fencing fencing,
    @JsonPropertyDescription("When it began, RFC 3339.") String startedAt,
    @JsonPropertyDescription("When it ended, RFC 3339.") String completedAt,
    @JsonPropertyDescription("How long no instance was to serve, in seconds.")
        long unavailableSeconds,
    @JsonPropertyDescription("What was done to the database.") DataCounts data,
    @JsonPropertyDescription("Why it did not succeed.") @Nullable Failure failure,
    @JsonPropertyDescription("With reason Compromised: what was ended and found.")
        @Nullable CompromiseReport compromise,
    @JsonPropertyDescription("What became of copies of the master key in other Secrets.")
        @Nullable CopyCounts copies,
    @JsonPropertyDescription(
            "Since when the other revision's keys and the copied ciphertext are being removed, RFC"
                + " 3339; from then on it cannot be rolled back.")
        @Nullable String retiringSince,
    @JsonPropertyDescription(
            "When the other revision's keys and the copied ciphertext were removed, RFC 3339.")
        @Nullable String retiredAt)
    implements HistoryEntryBuilder.With {

  public HistoryEntry {
    keys = keys == null ? List.of() : List.copyOf(keys);
    data = data == null ? DataCounts.NONE : data;
    reason = reason == null ? RotationReason.ROUTINE : reason;
  }

  /** The same entry, with what it replaced to be removed from the given time on. */
  public HistoryEntry retiring(String time) {
    return with().retiringSince(time).build();
  }

  /** The same entry, with what it replaced removed at the given time. */
  public HistoryEntry retired(String time) {
    return with().retiredAt(time).build();
  }

  /** The revision that this rotation left out of use. */
  public long retiredRevision() {
    return result == RotationResult.SUCCEEDED ? fromRevision : revision;
  }
}
