package dev.keyrotation.plan;

import dev.keyrotation.api.v1alpha1.Fencing;
import dev.keyrotation.api.v1alpha1.KeyFingerprints;
import dev.keyrotation.api.v1alpha1.KeyKind;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What preflight read.
 *
 * @param findings what blocks
 * @param warnings what should be known
 * @param currentKeys fingerprints of the keys in the consumer Secret; null when they could not be
 *     read
 * @param encryptionKey which key encrypts the stored values now; null when the keys could not be
 *     read
 * @param hasDatabase whether the spec names a database
 * @param values stored values under the encryption key
 * @param columns columns that hold them, each with its count, for people
 * @param instances running instances
 * @param storedModels fewest stored models that an instance listed
 * @param noFence why old instances cannot be fenced off the encrypted tables; null when they can
 * @param version LiteLLM's version, when an instance said so
 * @param fencing how old instances can be told from new ones; null when they cannot be fenced off
 */
public record PreflightReport(
    List<Finding> findings,
    List<String> warnings,
    @Nullable KeyFingerprints currentKeys,
    @Nullable KeyKind encryptionKey,
    boolean hasDatabase,
    long values,
    List<String> columns,
    int instances,
    int storedModels,
    @Nullable String noFence,
    @Nullable String version,
    @Nullable Fencing fencing) {

  /** A report of instances that, if at all, are told apart by their addresses. */
  public PreflightReport(
      List<Finding> findings,
      List<String> warnings,
      @Nullable KeyFingerprints currentKeys,
      @Nullable KeyKind encryptionKey,
      boolean hasDatabase,
      long values,
      List<String> columns,
      int instances,
      int storedModels,
      @Nullable String noFence,
      @Nullable String version) {
    this(
        findings,
        warnings,
        currentKeys,
        encryptionKey,
        hasDatabase,
        values,
        columns,
        instances,
        storedModels,
        noFence,
        version,
        noFence == null ? Fencing.ADDRESSES : null);
  }

  /** A report of nothing but why nothing could be read. */
  public static PreflightReport unread(Finding why) {
    return new PreflightReport(
        List.of(why), List.of(), null, null, false, 0, List.of(), 0, 0, why.message(), null);
  }

  /** Whether a rotation may begin. */
  public boolean isClean() {
    return findings.isEmpty();
  }
}
