package dev.keyrotation.plan;

import dev.keyrotation.api.v1alpha1.CompromiseReport;
import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.api.v1alpha1.CopyCounts;
import dev.keyrotation.api.v1alpha1.DataCounts;
import dev.keyrotation.api.v1alpha1.KeyFingerprints;
import dev.keyrotation.api.v1alpha1.Progress;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Whether the effect of a step is in the world. It is read from the world each time, never
 * remembered.
 */
public sealed interface Evidence {

  /** The effect is there; with what the world tells about it. */
  record Present(
      @Nullable DataCounts data,
      @Nullable KeyFingerprints newKeys,
      @Nullable CompromiseReport compromise,
      @Nullable CopyCounts copies)
      implements Evidence {
    /** Present, with nothing to tell. */
    public static final Present PLAIN = new Present(null, null);

    /** Present, and no report of a compromise. */
    public Present(@Nullable DataCounts data, @Nullable KeyFingerprints newKeys) {
      this(data, newKeys, null, null);
    }

    /** Present, with what became of the copies of the master key. */
    public static Present ofCopies(CopyCounts copies) {
      return new Present(null, null, null, copies);
    }
  }

  /** The effect is not there, or not all of it: it can be made now. */
  record Absent(String message, @Nullable Progress progress) implements Evidence {}

  /**
   * Something that the step keeps alive has to be renewed now, however far the step is. It says
   * nothing about that, so it never turns the rotation back.
   */
  record Upkeep(String message) implements Evidence {}

  /** The effect has begun and the world is on its way: only time is needed. */
  record Underway(String message, @Nullable Progress progress) implements Evidence {}

  /**
   * The world contradicts the step. It is believed after {@code patience}, counted from the step's
   * beginning.
   */
  record Refuted(ConditionReason reason, String message, Duration patience) implements Evidence {}

  /** It cannot be known now. This never rolls back. */
  record Unknown(ConditionReason reason, String message) implements Evidence {}
}
