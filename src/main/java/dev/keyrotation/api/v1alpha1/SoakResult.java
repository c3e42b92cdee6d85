package dev.keyrotation.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonProperty;

/** What the time after a rotation has shown. */
public enum SoakResult {
  /** It is not over, and nothing was found so far. */
  @JsonProperty("Watching")
  WATCHING,
  /** It is over and nothing was found. */
  @JsonProperty("Passed")
  PASSED,
  /** Something was found; {@code problems} says what. It stays so, also when it went away. */
  @JsonProperty("Problems")
  PROBLEMS,
  /** It is over, nothing was found, and no look could ask everything that it should. */
  @JsonProperty("Unknown")
  UNKNOWN
}
