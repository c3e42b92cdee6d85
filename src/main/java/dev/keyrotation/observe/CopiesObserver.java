package dev.keyrotation.observe;

import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.api.v1alpha1.CopyCounts;
import dev.keyrotation.api.v1alpha1.Direction;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.Progress;
import dev.keyrotation.api.v1alpha1.RotationStatus;
import dev.keyrotation.api.v1alpha1.SecretCopy;
import dev.keyrotation.key.KeyCopies;
import dev.keyrotation.key.KeyCopies.Look;
import dev.keyrotation.key.KeyMaterial;
import dev.keyrotation.key.RevisionKeys;
import dev.keyrotation.plan.Evidence;
import dev.keyrotation.plan.Finding;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * PublishCopies: every copy of the master key, read back, holds the target key.
 *
 * <p>On the way back a copy that somebody else has changed or removed is left alone: there is
 * nothing of ours in it to undo, and it must not keep instances stopped.
 */
final class CopiesObserver implements StepObserver {
  /** How long a Secret that is replaced may be away. With Drain nothing runs meanwhile. */
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  private final KeyCopies copies;
  private final RevisionKeys keys;

  CopiesObserver(KeyCopies copies, RevisionKeys keys) {
    this.copies = copies;
    this.keys = keys;
  }

  @Override
  public Evidence evidence(KeyRotation primary, RotationStatus rotation, Instant now) {
    KeyMaterial target = keys.target(primary, rotation).master();
    KeyMaterial other = keys.other(primary, rotation).master();
    List<SecretCopy> all = primary.getSpec().requiredSecretRef().copies();
    List<Finding> lost = new ArrayList<>();
    int updated = 0;
    for (SecretCopy copy : all) {
      Look look = copies.look(primary, copy);
      if (look instanceof Look.Found found && target.equals(found.value())) {
        updated++;
      } else {
        Finding problem = problem(KeyCopies.where(primary, copy), copy, look, other);
        if (problem != null) {
          lost.add(problem);
        }
      }
    }
    if (!lost.isEmpty() && rotation.direction() == Direction.FORWARD) {
      return new Evidence.Refuted(lost.getFirst().reason(), lost.getFirst().message(), PATIENCE);
    }
    return updated + lost.size() < all.size()
        ? new Evidence.Absent(
            "clients do not find the target master key yet",
            new Progress(updated, all.size(), "copies"))
        : Evidence.Present.ofCopies(new CopyCounts(all.size(), updated, lost.size()));
  }

  /**
   * Why {@code value} must not or cannot be written, as a finding; null when the copy holds {@code
   * from}, so that it can.
   */
  static @Nullable Finding problem(String where, SecretCopy copy, Look look, KeyMaterial from) {
    return switch (look) {
      case Look.Unavailable(ConditionReason reason, String message) -> new Finding(reason, message);
      case Look.Found found when found.value() == null ->
          new Finding(
              ConditionReason.SECRET_KEY_INVALID,
              where + " has no entry " + copy.key() + " with a text in it.");
      case Look.Found found when !from.equals(found.value()) ->
          new Finding(
              ConditionReason.SECRET_KEY_INVALID,
              where
                  + ": entry "
                  + copy.key()
                  + " holds another value than the master key. It is not overwritten: correct it (a"
                  + " line break at its end counts), or take it out of spec.secretRef.copies.");
      case Look.Found found when found.obstacle() != null ->
          new Finding(ConditionReason.SECRET_NOT_WRITABLE, found.obstacle());
      case Look.Found _ -> null;
    };
  }
}
