package dev.keyrotation.plan;

import dev.keyrotation.api.v1alpha1.KeyFingerprints;
import org.jspecify.annotations.Nullable;

/**
 * What the world still tells of rotations when the status that recorded them is gone, for example
 * after a restore from a backup tool that keeps no status.
 *
 * @param revision the highest revision that has a key Secret
 * @param rotationId the rotation that made it
 * @param request the request that started that rotation
 * @param keys its keys
 * @param previousRevision the highest revision below it that has a key Secret; 0 when there is none
 * @param previousKeys the keys of that one
 * @param consumerKeys the keys in the consumer Secret; null when it holds no usable ones
 * @param consumerStamp the mark in the consumer Secret
 * @param steady every workload has instances and is settled
 * @param stamped every workload's template carries the mark of the consumer Secret
 */
public record Remains(
    long revision,
    String rotationId,
    @Nullable String request,
    KeyFingerprints keys,
    long previousRevision,
    @Nullable KeyFingerprints previousKeys,
    @Nullable KeyFingerprints consumerKeys,
    @Nullable String consumerStamp,
    boolean steady,
    boolean stamped) {

  /**
   * There was a rotation, and its key Secret is not ours to read: it belongs to a resource that was
   * replaced.
   */
  public static Remains unreadable(long revision) {
    KeyFingerprints none = new KeyFingerprints("", null);
    return new Remains(
        revision, "of revision " + revision, null, none, 0, null, null, null, false, false);
  }
}
