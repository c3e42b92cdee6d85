package dev.keyrotation.plan;

import dev.keyrotation.api.v1alpha1.ConditionReason;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What one look of a soak found.
 *
 * @param sightings what is wrong, each reason at most once
 * @param refusals lines of logs about requests that were refused, since the look before
 * @param unclear what could not be asked, in a sentence; null when everything could
 */
public record SoakLook(List<Sighting> sightings, long refusals, @Nullable String unclear) {
  public SoakLook {
    sightings = List.copyOf(sightings);
  }

  /**
   * Something that is wrong.
   *
   * @param count how much of it
   * @param kind how it was learnt
   * @param message what and where; it holds no key
   */
  public record Sighting(ConditionReason reason, long count, Kind kind, String message) {}

  /** How something was learnt, and so when it counts. */
  public enum Kind {
    /** An instance said so. A cache or a restart may be why, so it has to say so twice. */
    ANSWER,
    /** Lines that were logged since the look before. */
    LINES,
    /** Counted anew each time in what is stored. */
    STORED
  }
}
