package dev.keyrotation.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.soabase.recordbuilder.core.RecordBuilder;

/** What a rotation did to the database. */
@RecordBuilder
public record DataCounts(
    @JsonPropertyDescription("Columns that hold encrypted values.") int columns,
    @JsonPropertyDescription("Rows with at least one value that was re-encrypted.")
        long rowsChanged,
    @JsonPropertyDescription("Values that were re-encrypted.") long valuesReencrypted,
    @JsonPropertyDescription("Rows of the other master key found in LiteLLM_VerificationToken.")
        int masterKeyRowsFound,
    @JsonPropertyDescription("Of these, rows moved to the target key, repaired or removed.")
        int masterKeyRowsMoved)
    implements DataCountsBuilder.With {
  /** Nothing done yet. */
  public static final DataCounts NONE = new DataCounts(0, 0, 0, 0, 0);
}
