package dev.keyrotation.observe;

import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.RolloutMode;
import dev.keyrotation.api.v1alpha1.RotationStatus;
import dev.keyrotation.api.v1alpha1.WorkloadSpec;
import dev.keyrotation.database.DatabaseProvider;
import dev.keyrotation.key.KeySet;
import dev.keyrotation.key.KeyStore;
import dev.keyrotation.key.RevisionKeys;
import dev.keyrotation.plan.Evidence;
import dev.keyrotation.workload.LogScan;
import dev.keyrotation.workload.Workloads;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Verify: nobody changed the Secret or the instances since, every instance accepts the target
 * master key and refuses a random one, reads every stored model and logs no value that it cannot
 * open, and no stored value is left under the other encryption key.
 */
final class VerifyObserver implements StepObserver {
  private final KeyStore store;
  private final StepObserver published;
  private final StepObserver restarted;
  private final Instances instances;
  private final RevisionKeys keys;
  private final DatabaseProvider databases;
  private final LogScan logs;

  VerifyObserver(
      KeyStore store,
      StepObserver published,
      StepObserver restarted,
      Instances instances,
      RevisionKeys keys,
      DatabaseProvider databases,
      LogScan logs) {
    this.logs = logs;
    this.store = store;
    this.published = published;
    this.restarted = restarted;
    this.instances = instances;
    this.keys = keys;
    this.databases = databases;
  }

  @Override
  public Evidence evidence(KeyRotation primary, RotationStatus rotation, Instant now) {
    if (!(published.evidence(primary, rotation, now) instanceof Evidence.Present)) {
      return new Evidence.Refuted(
          ConditionReason.SECRET_CHANGED_BY_OTHER,
          store.where(primary)
              + " no longer holds the keys that were published: somebody else writes it.",
          Duration.ofMinutes(1));
    }
    if (!(restarted.evidence(primary, rotation, now) instanceof Evidence.Present)) {
      return new Evidence.Underway("instances are being replaced", null);
    }
    List<Workloads.Instance> running = instances.running(primary);
    KeySet target = keys.target(primary, rotation);
    Evidence against = instances.accepts(primary, running, target.master());
    // An entry in a shared cache may answer for an instance that runs with the key itself.
    boolean told = primary.getSpec().database() != null && primary.getSpec().redis() == null;
    if (against == null && told) {
      against = instances.runsWith(primary, running, target.master());
    }
    if (against == null) {
      int expected = rotation.mode() == RolloutMode.ROLLING ? 0 : rotation.storedModels();
      against = instances.readsModels(primary, running, target.master(), expected);
    }
    if (against == null) {
      against = complaints(primary);
    }
    if (against == null && rotation.verifiedSince() == null) {
      against = leftUnderOther(primary, rotation, target);
    } else if (rotation.mode() == RolloutMode.FENCED && against instanceof Evidence.Refuted) {
      // What cannot be read may be what an old instance wrote last: a sweep mends that.
      Evidence left = leftUnderOther(primary, rotation, target);
      against = left == null ? against : left;
    }
    return against == null ? Evidence.Present.PLAIN : against;
  }

  /** What no question to the API shows: a value that an instance met and could not open. */
  private @Nullable Evidence complaints(KeyRotation primary) {
    for (WorkloadSpec workload : primary.getSpec().workloads()) {
      long lines = logs.scan(primary, workload).decryption();
      if (lines > 0) {
        return new Evidence.Refuted(
            ConditionReason.VERIFICATION_FAILED,
            workload.displayName()
                + " has logged "
                + lines
                + " lines about values that it cannot decrypt since it was started.",
            Duration.ZERO); // no reload takes them back
      }
    }
    return null;
  }

  /** Counted, not assumed: such a value would be lost when the other key is retired. */
  private @Nullable Evidence leftUnderOther(
      KeyRotation primary, RotationStatus rotation, KeySet target) {
    if (!rotation.reencrypts()) {
      return null;
    }
    KeySet other = keys.other(primary, rotation);
    if (other.encryption().equals(target.encryption())) {
      return null;
    }
    long left = databases.open(primary).valuesUnder(other.encryption());
    if (left == 0) {
      return null;
    }
    return rotation.mode() == RolloutMode.FENCED
        ? new Evidence.Absent(
            left + " values that old instances wrote meanwhile are under the other key", null)
        : new Evidence.Refuted(
            ConditionReason.REENCRYPTION_FAILED,
            left
                + " stored values are under the other encryption key: a process that is not in"
                + " spec.workloads wrote them.",
            Duration.ZERO);
  }
}
