package dev.keyrotation.key;

import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.SecretCopy;
import dev.keyrotation.failure.RotationException;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Copies of the master key in Secrets that clients of LiteLLM read, see {@code
 * spec.secretRef.copies}. They belong to somebody else: only one value ever takes the place of one
 * other. All methods throw {@link RotationException} when the cluster does not answer.
 */
public interface KeyCopies {

  /** What is found in the place of a copy. */
  sealed interface Look {
    /**
     * We may read it.
     *
     * @param value what the entry holds; null when there is no such entry, or no text in it
     * @param obstacle why a write would fail or not last, as a sentence; null when nothing is known
     * @param warnings what should be known, as sentences; nothing that blocks
     */
    record Found(@Nullable KeyMaterial value, @Nullable String obstacle, List<String> warnings)
        implements Look {
      public Found {
        warnings = List.copyOf(warnings);
      }
    }

    /** There is none, or none that is ours to write; the sentence says what to do. */
    record Unavailable(ConditionReason reason, String message) implements Look {}
  }

  /** What people call the copy in messages, for example {@code Secret ui/litellm-client}. Pure. */
  static String where(KeyRotation owner, SecretCopy copy) {
    return "Secret " + copy.namespaceFor(owner.getMetadata().getNamespace()) + "/" + copy.name();
  }

  /** Reads a copy, live. */
  Look look(KeyRotation owner, SecretCopy copy);

  /**
   * Why we may not write where {@code copy} is, as a sentence; null when we may. Writes nothing.
   */
  @Nullable String denied(KeyRotation owner, SecretCopy copy);

  /**
   * Marks the copies with the epoch of {@code owner}'s status, so that writes of earlier epochs
   * fail. Passes over those that are not there, or that we may not touch: then no process can write
   * them.
   *
   * @param current reads live whether that epoch is still the stored one; asked before a write
   * @throws dev.keyrotation.failure.SupersededException when it is not; {@link #exchange} throws it
   *     when a copy carries another epoch
   */
  void claim(KeyRotation owner, BooleanSupplier current);

  /**
   * Writes {@code to} in the place of {@code from}, in the version of the Secret that it has read;
   * does nothing where another value is found.
   */
  void exchange(KeyRotation owner, SecretCopy copy, KeyMaterial from, KeyMaterial to);

  /** Where no Secret can be written: on hosts without a cluster. */
  static KeyCopies unsupported() {
    return new KeyCopies() {
      @Override
      public Look look(KeyRotation owner, SecretCopy copy) {
        return new Look.Unavailable(
            ConditionReason.NOT_SUPPORTED,
            "spec.secretRef.copies: without a cluster there is no " + where(owner, copy) + ".");
      }

      @Override
      public @Nullable String denied(KeyRotation owner, SecretCopy copy) {
        return null;
      }

      @Override
      public void claim(KeyRotation owner, BooleanSupplier current) {}

      @Override
      public void exchange(KeyRotation owner, SecretCopy copy, KeyMaterial from, KeyMaterial to) {
        throw new IllegalStateException("no cluster");
      }
    };
  }
}
