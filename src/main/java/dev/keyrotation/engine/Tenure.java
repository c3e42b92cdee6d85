package dev.keyrotation.engine;

import dev.keyrotation.api.v1alpha1.Epoch;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.KeyRotationStatus;
import dev.keyrotation.api.v1alpha1.RotationStatus;
import dev.keyrotation.plan.Statuses;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * What this process knows of its own epochs. The stored status says who holds an epoch; here stands
 * only whether the world has been marked with it since.
 */
final class Tenure {
  /**
   * A process that another one has relieved lets it work: two that are alive would take turns
   * relieving each other.
   */
  static final Duration COURTESY = Duration.ofSeconds(30);

  private final String holder;
  private final Map<String, Epoch> marked = new ConcurrentHashMap<>();
  private final Map<String, Instant> relieved = new ConcurrentHashMap<>();

  /** {@code holder} names this process and no other one, now or ever. */
  Tenure(String holder) {
    this.holder = holder;
  }

  /** Whether the stored epoch is of this process. */
  boolean holds(KeyRotation primary) {
    Epoch epoch = Statuses.of(primary).epoch();
    return epoch != null && epoch.holder().equals(holder);
  }

  /** The epoch with which this process takes over; above {@code found}, a number in the world. */
  Epoch next(KeyRotation primary, long found) {
    return Epoch.after(Statuses.of(primary).epoch(), found, holder);
  }

  /** Whether this process may take over now, or has just been relieved itself. */
  boolean mayTakeOver(KeyRotation primary, Instant now) {
    String uid = primary.getMetadata().getUid();
    if (marked.remove(uid) != null) {
      relieved.put(uid, now);
    }
    Instant since = relieved.get(uid);
    return since == null || !now.isBefore(since.plus(COURTESY));
  }

  /** Whether the world carries the stored epoch, as far as this process knows. */
  boolean hasMarked(KeyRotation primary) {
    return Objects.equals(marked.get(primary.getMetadata().getUid()), Statuses.of(primary).epoch());
  }

  void marked(KeyRotation primary, @Nullable Epoch epoch) {
    String uid = primary.getMetadata().getUid();
    relieved.remove(uid);
    if (epoch != null) {
      marked.put(uid, epoch);
    }
  }

  /** Something did not carry our mark: it is looked at again. */
  void forget(KeyRotation primary) {
    marked.remove(primary.getMetadata().getUid());
  }

  /**
   * The status with a new epoch when it begins a rotation or changes its direction: what was sent
   * before and is still on its way, also by this process, then comes too late.
   */
  KeyRotationStatus signed(KeyRotation primary, KeyRotationStatus next) {
    RotationStatus before = Statuses.of(primary).rotation();
    RotationStatus after = next.rotation();
    boolean turned =
        after != null
            && (before == null
                || !before.id().equals(after.id())
                || before.direction() != after.direction());
    return turned ? next.withEpoch(next(primary, 0)) : next;
  }
}
