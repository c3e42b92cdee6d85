package dev.keyrotation.plan;

import dev.keyrotation.api.v1alpha1.ActiveKeys;
import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.api.v1alpha1.DataCounts;
import dev.keyrotation.api.v1alpha1.Direction;
import dev.keyrotation.api.v1alpha1.KeyFingerprints;
import dev.keyrotation.api.v1alpha1.KeyKind;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.RolloutMode;
import dev.keyrotation.api.v1alpha1.RotationStatusBuilder;
import dev.keyrotation.api.v1alpha1.StepName;
import dev.keyrotation.api.v1alpha1.Trigger;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Rebuilds a lost status from what is in the world, or halts. It never makes a key to get out of
 * doubt.
 */
final class Reconstruction {
  private Reconstruction() {}

  static Decision decide(KeyRotation primary, Remains remains, Instant now) {
    String stamp = remains.consumerStamp();
    boolean last = stamp != null && stamp.startsWith(remains.rotationId() + "/");
    if (remains.steady() && last && remains.stamped() && remains.previousKeys() != null) {
      return resume(primary, remains, Objects.requireNonNull(remains.previousKeys()), now);
    }
    if (remains.steady() && !last) {
      // The last revision was generated and never published: the one before it is in use.
      ActiveKeys active = active(remains, now);
      if (active != null) {
        return new Decision.Adopt(active, remains.revision(), remains.request());
      }
    }
    return new Decision.Halt(
        new Finding(
            ConditionReason.STATUS_LOST,
            "The status of this resource is gone, and what is in the cluster does not tell where rotation "
                + remains.rotationId()
                + " stands. Restore the status from a backup, or follow docs/disaster-recovery.md; no new key is"
                + " made meanwhile."));
  }

  /**
   * Goes on from the restart: its evidence is there, so that what remains is verifying and closing.
   */
  private static Decision resume(
      KeyRotation primary, Remains remains, KeyFingerprints previous, Instant now) {
    boolean forward = Objects.requireNonNull(remains.consumerStamp()).endsWith("/Forward");
    List<KeyKind> replaced = new ArrayList<>();
    if (!previous.master().equals(remains.keys().master())) {
      replaced.add(KeyKind.MASTER);
    }
    if (!Objects.equals(previous.salt(), remains.keys().salt())) {
      replaced.add(KeyKind.SALT);
    }
    boolean reencrypts =
        primary.getSpec().database() != null
            && !encryption(previous).equals(encryption(remains.keys()));
    String time = FailurePolicy.text(now);
    return new Decision.Resume(
        RotationStatusBuilder.builder()
            .id(remains.rotationId())
            .revision(remains.revision())
            .fromRevision(remains.previousRevision())
            .direction(forward ? Direction.FORWARD : Direction.ROLL_BACK)
            .step(StepName.RESTART_WORKLOADS)
            .reached(StepName.RESTART_WORKLOADS)
            .keys(replaced)
            .mode(reencrypts ? RolloutMode.DRAIN : RolloutMode.ROLLING)
            .reencrypts(reencrypts)
            .trigger(remains.request() == null ? Trigger.SCHEDULE : Trigger.REQUEST)
            .request(remains.request())
            .startedAt(time)
            .stepStartedAt(time)
            .oldKeys(previous)
            .newKeys(remains.keys())
            .data(DataCounts.NONE)
            .build());
  }

  private static String encryption(KeyFingerprints keys) {
    String salt = keys.salt();
    return salt == null ? keys.master() : salt;
  }

  private static @Nullable ActiveKeys active(Remains remains, Instant now) {
    KeyFingerprints present = remains.consumerKeys();
    return present != null && present.equals(remains.previousKeys())
        ? new ActiveKeys(remains.previousRevision(), present, FailurePolicy.text(now))
        : null;
  }
}
