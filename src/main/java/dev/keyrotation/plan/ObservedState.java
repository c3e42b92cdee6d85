package dev.keyrotation.plan;

import dev.keyrotation.api.v1alpha1.WorkloadSize;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The world, as far as one turn needs it.
 *
 * @param evidence for the present step; null when no rotation is under way
 * @param preflight null when none was needed
 * @param operand how the running instances stand to the active keys; null while a rotation is under
 *     way
 * @param sizes present sizes of the workloads, read while they have not been stopped yet
 * @param keyRevisions revisions that have a key Secret of ours, ascending
 * @param remains what tells of earlier rotations; read only when the status tells of none
 * @param leftOverFences rotations of which a fence stands in the database although none is under
 *     way
 * @param soak what a look after the last rotation found; null when none was due
 */
public record ObservedState(
    @Nullable Evidence evidence,
    @Nullable PreflightReport preflight,
    @Nullable Operand operand,
    List<WorkloadSize> sizes,
    List<Long> keyRevisions,
    @Nullable Remains remains,
    List<String> leftOverFences,
    @Nullable SoakLook soak) {

  /** The world with no fence left over, and no look after a rotation. */
  public ObservedState(
      @Nullable Evidence evidence,
      @Nullable PreflightReport preflight,
      @Nullable Operand operand,
      List<WorkloadSize> sizes,
      List<Long> keyRevisions,
      @Nullable Remains remains) {
    this(evidence, preflight, operand, sizes, keyRevisions, remains, List.of(), null);
  }

  /** How the running instances stand to the active keys. */
  public sealed interface Operand {
    /** Every workload is settled and the consumer Secret holds the active keys. */
    record OnActiveKeys(String message) implements Operand {}

    /**
     * Something is not as it was left; the message says what, where, and what to do.
     *
     * @param stragglers instances that are missing, not available, or not of the present template
     */
    record Drifted(String message, int stragglers) implements Operand {
      public Drifted(String message) {
        this(message, 0);
      }
    }

    /** It could not be read. */
    record Unclear(String message) implements Operand {}
  }

  /** The world in mid-rotation. */
  public static ObservedState ofStep(Evidence evidence, List<WorkloadSize> sizes) {
    return new ObservedState(evidence, null, null, sizes, List.of(), null);
  }
}
