package dev.keyrotation.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import org.jspecify.annotations.Nullable;

/**
 * Which process of the operator acts on a KeyRotation, and since which take-over. Whoever takes
 * over writes a higher number into the status, then onto everything that a rotation changes; a
 * process that finds another epoch there than its own changes nothing.
 */
public record Epoch(
    @JsonPropertyDescription("Grows with each take-over and each change of direction.") long number,
    @JsonPropertyDescription("The process: its host name and a random part.") String holder) {

  /** Before anybody has acted. */
  public static final Epoch NONE = new Epoch(0, "");

  /** The next epoch, of {@code holder}; above {@code found} too, a number met in the world. */
  public static Epoch after(@Nullable Epoch last, long found, String holder) {
    return new Epoch(Math.max(last == null ? 0 : last.number(), found) + 1, holder);
  }

  /** How objects are marked with it, {@code number/holder}. */
  public String mark() {
    return number + "/" + holder;
  }

  /** The number in a mark; 0 when there is no mark or it is none of ours. */
  public static long numberOf(@Nullable String mark) {
    try {
      return mark == null ? 0 : Long.parseLong(mark.substring(0, Math.max(0, mark.indexOf('/'))));
    } catch (NumberFormatException e) {
      return 0;
    }
  }
}
