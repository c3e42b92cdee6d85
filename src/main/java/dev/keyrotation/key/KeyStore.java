package dev.keyrotation.key;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** Where keys live: each revision on its own, and the places that the running instances read. */
public interface KeyStore extends RevisionStore, KeyConsumer {

  /** What is found under the name of a revision. */
  sealed interface Revision {
    /** It is ours and holds valid keys. */
    record Usable(KeySet keys, KeyRevisionMarks marks) implements Revision {}

    /**
     * There is none.
     *
     * @param name what people call it, for example {@code Secret litellm-r2}
     */
    record Missing(String name) implements Revision {}

    /** Something is there that is not ours, or does not hold valid keys. */
    record Conflict(String message) implements Revision {}
  }

  /**
   * What a revision says of itself.
   *
   * @param rotationId the rotation that created it
   * @param request the value of {@code spec.rotate.request} that started that rotation
   */
  record KeyRevisionMarks(String rotationId, @Nullable String request) {}

  /** What is found where the running instances read their keys. */
  sealed interface Consumer {
    /**
     * It holds usable keys.
     *
     * @param stamp the mark of the rotation that wrote it last, see {@code RotationStatus.stamp()}
     * @param staleMirrors copies of the master key that do not hold it, as people call them: {@code
     *     entry LITELLM_SMOKE_TEST_KEY of Secret ai/litellm-keys}
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

    /**
     * There is none.
     *
     * @param where what people call it, for example {@code Secret ai/litellm-keys}
     */
    record Missing(String where) implements Consumer {}

    /** An entry is missing, empty or no usable key, or two places differ; the message names it. */
    record Invalid(String message) implements Consumer {}
  }
}
