package dev.keyrotation.key;

import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.failure.RotationException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Where keys live: one immutable Secret per revision, written by us alone, and the consumer Secret
 * that the running instances read. All methods throw {@link RotationException} when the store
 * cannot be reached or refuses.
 */
public interface KeyStore {

  /** What is found under the name of a revision. */
  sealed interface Revision {
    /** It is ours and holds valid keys. */
    record Usable(KeySet keys, KeyRevisionMarks marks) implements Revision {}

    /** There is none. */
    record Missing(String name) implements Revision {}

    /** Something is there that is not ours, or does not hold valid keys. */
    record Conflict(String message) implements Revision {}
  }

  /**
   * What a revision's Secret says of itself.
   *
   * @param rotationId the rotation that created it
   * @param request the value of {@code spec.rotate.request} that started that rotation
   */
  record KeyRevisionMarks(String rotationId, @Nullable String request) {}

  /** What is found in the consumer Secret. */
  sealed interface Consumer {
    /**
     * It holds usable keys.
     *
     * @param stamp the mark of the rotation that wrote it last, see {@code RotationStatus.stamp()}
     * @param staleMirrors mirror entries that do not hold the master key
     * @param obstacle why a write would fail or not last, as a sentence: the Secret is immutable,
     *     or another controller fills it, for example {@code ExternalSecret/litellm}; null when
     *     nothing is known
     * @param warnings what should be known, as sentences; nothing that blocks
     */
    record Usable(
        KeySet keys,
        @Nullable String stamp,
        List<String> staleMirrors,
        @Nullable String obstacle,
        List<String> warnings)
        implements Consumer {
      public Usable {
        staleMirrors = List.copyOf(staleMirrors);
        warnings = List.copyOf(warnings);
      }
    }

    /** There is none. */
    record Missing(String name) implements Consumer {}

    /** An entry is missing, empty or no usable key; the message names it. */
    record Invalid(String message) implements Consumer {}
  }

  /** Reads the Secret of a revision; it is used only when label and owner say that it is ours. */
  Revision revision(KeyRotation owner, long revision);

  /**
   * All revisions whose Secret exists, in ascending order, also those that a deleted KeyRotation of
   * the same name left behind: their numbers are taken.
   */
  List<Long> revisions(KeyRotation owner);

  /**
   * Creates the immutable Secret of a revision. Does nothing when it exists: a revision is never
   * overwritten.
   */
  void createRevision(KeyRotation owner, long revision, KeySet keys, KeyRevisionMarks marks);

  /**
   * Deletes the Secret of a revision after a live read shows that it is ours and not what the
   * consumer Secret holds.
   */
  void deleteRevision(KeyRotation owner, long revision);

  /** Reads the consumer Secret, live. */
  Consumer consumer(KeyRotation owner);

  /**
   * Writes the keys, the mirror entries and the stamp into the consumer Secret by server-side apply
   * with our own field manager; other entries are left alone. A salt entry is written only when
   * {@code keys.salt()} is set, and removed when it is not.
   */
  void publish(KeyRotation owner, KeySet keys, String stamp);
}
