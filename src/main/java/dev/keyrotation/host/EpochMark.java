package dev.keyrotation.host;

import dev.keyrotation.api.v1alpha1.Epoch;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.KeyRotationStatus;
import org.jspecify.annotations.Nullable;

/**
 * The epoch beside something that a rotation changes on a host: what the annotation is to an object
 * in a cluster. A symbolic link whose target is the mark, so that there is room for it on a full
 * disk too, and it is there as a whole or not at all.
 *
 * @param what what people call the thing that it stands for
 * @param path absolute path of the link
 * @param epoch who may write; null before anybody has acted
 */
public record EpochMark(String what, String path, @Nullable Epoch epoch) {

  /** The mark of the epoch in which {@code owner} acts. */
  public static EpochMark of(KeyRotation owner, String what, String path) {
    KeyRotationStatus status = owner.getStatus();
    return new EpochMark(what, path, status == null ? null : status.epoch());
  }

  /** The target of the link, {@code number/holder}; empty when there must be none. */
  String target() {
    return epoch == null ? "" : epoch.mark();
  }
}
