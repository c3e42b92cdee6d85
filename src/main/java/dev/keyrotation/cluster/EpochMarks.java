package dev.keyrotation.cluster;

import dev.keyrotation.api.v1alpha1.Epoch;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.KeyRotationStatus;
import dev.keyrotation.failure.SupersededException;
import io.fabric8.kubernetes.api.model.HasMetadata;
import java.util.Map;
import java.util.Objects;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The epoch on an object in the cluster. A write reads the object, compares the mark with the epoch
 * of the status that it acts on, and names the version that it has read: so it succeeds only while
 * nobody has taken over.
 */
public final class EpochMarks {
  /** Annotation of everything that a rotation changes: {@link Epoch#mark()} of who may. */
  public static final String EPOCH = "keyrotation.dev/epoch";

  private EpochMarks() {}

  /**
   * Fails unless {@code object} carries the mark of the epoch in which {@code owner} acts.
   *
   * @param what the object, as people call it
   */
  public static void require(KeyRotation owner, HasMetadata object, String what) {
    String mark = Marks.annotations(object).get(EPOCH);
    if (!Objects.equals(mark, mark(owner))) {
      throw new SupersededException(what, Epoch.numberOf(mark));
    }
  }

  /**
   * The change that puts the mark of {@code owner} on {@code object}, as a merge patch that holds
   * for the version that was read; null when it carries it already.
   *
   * @param current reads live whether the epoch is still that of the stored status. It is asked
   *     after the object was read: whoever takes over later, marks later, and this patch then meets
   *     another version.
   */
  public static @Nullable Map<String, Object> patch(
      KeyRotation owner, HasMetadata object, String what, BooleanSupplier current) {
    String mark = Marks.annotations(object).get(EPOCH);
    String ours = mark(owner);
    if (ours == null || ours.equals(mark)) {
      return null;
    }
    if (Epoch.numberOf(mark) >= Epoch.numberOf(ours) || !current.getAsBoolean()) {
      throw new SupersededException(what, Epoch.numberOf(mark));
    }
    return Map.of(
        "metadata",
        Map.of(
            "uid",
            object.getMetadata().getUid(),
            "resourceVersion",
            object.getMetadata().getResourceVersion(),
            "annotations",
            Map.of(EPOCH, ours)));
  }

  private static @Nullable String mark(KeyRotation owner) {
    KeyRotationStatus status = owner.getStatus();
    Epoch epoch = status == null ? null : status.epoch();
    return epoch == null ? null : epoch.mark();
  }
}
