package dev.keyrotation.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;

/** What became of the copies of the master key in other Secrets. */
public record CopyCounts(
    @JsonPropertyDescription("Copies that the spec names.") int total,
    @JsonPropertyDescription("Of these, how many were read back and hold the target master key.")
        int updated,
    @JsonPropertyDescription(
            "Of these, how many a roll back has left alone, because somebody else had changed or"
                + " removed them meanwhile.")
        int left) {

  /** Nothing has happened to any yet. */
  public static CopyCounts of(int total) {
    return new CopyCounts(total, 0, 0);
  }
}
