package dev.keyrotation.observe;

import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.api.v1alpha1.Direction;
import dev.keyrotation.api.v1alpha1.Fencing;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.Progress;
import dev.keyrotation.api.v1alpha1.RolloutMode;
import dev.keyrotation.api.v1alpha1.RotationStatus;
import dev.keyrotation.database.DatabaseProvider;
import dev.keyrotation.database.ReencryptionRunner;
import dev.keyrotation.database.RotationDatabase;
import dev.keyrotation.database.RotationDatabase.Journal;
import dev.keyrotation.key.KeyMaterial;
import dev.keyrotation.key.RevisionKeys;
import dev.keyrotation.plan.Evidence;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.stream.Collectors;

/** ReencryptData: the journal row of this rotation and direction is committed. */
final class ReencryptDataObserver implements StepObserver {
  /** How long sessions of instances that have ended may linger before they count as strangers. */
  private static final Duration SESSION_PATIENCE = Duration.ofMinutes(2);

  private final DatabaseProvider databases;
  private final ReencryptionRunner runner;
  private final StepObserver stopped;
  private final OldInstances old;
  private final RevisionKeys keys;

  ReencryptDataObserver(
      DatabaseProvider databases,
      ReencryptionRunner runner,
      StepObserver stopped,
      OldInstances old,
      RevisionKeys keys) {
    this.old = old;
    this.keys = keys;
    this.databases = databases;
    this.runner = runner;
    this.stopped = stopped;
  }

  @Override
  public Evidence evidence(KeyRotation primary, RotationStatus rotation, Instant now) {
    if (runner.state(rotation.stamp()) instanceof ReencryptionRunner.State.Running(Progress at)) {
      return new Evidence.Underway(at.done() + " of " + at.total() + " " + at.unit(), at);
    }
    RotationDatabase database = databases.open(primary);
    KeyMaterial target = keys.target(primary, rotation).encryption();
    KeyMaterial other = keys.other(primary, rotation).encryption();
    boolean goesBack = rotation.direction() == Direction.ROLL_BACK;
    Journal forward = database.journal(rotation.id(), Direction.FORWARD, goesBack ? other : target);
    if (forward instanceof Journal.Open) {
      return open();
    }
    if (goesBack) {
      if (forward instanceof Journal.NotCommitted) {
        return Evidence.Present.PLAIN; // nothing to take back
      }
      Journal back = database.journal(rotation.id(), Direction.ROLL_BACK, target);
      return switch (back) {
        case Journal.Open() -> open();
        case Journal.Committed committed -> new Evidence.Present(null, null);
        case Journal.NotCommitted() -> writable(primary, rotation, database, now);
      };
    }
    return forward instanceof Journal.Committed(var counts)
        ? new Evidence.Present(counts, null)
        : writable(primary, rotation, database, now);
  }

  private static Evidence open() {
    return new Evidence.Unknown(
        ConditionReason.DATABASE_LOCKED,
        "A re-encryption transaction of this database is still open; it will commit or end.");
  }

  /**
   * Nobody may write under the old key any more: no instance runs, and no process that nobody told
   * us of.
   */
  private Evidence writable(
      KeyRotation primary, RotationStatus rotation, RotationDatabase database, Instant now) {
    if (rotation.mode() == RolloutMode.FENCED) {
      boolean byAddress = rotation.fencing() == null || rotation.fencing() == Fencing.ADDRESSES;
      // By mark, whoever nobody told us of is held off like an old instance.
      String stranger = byAddress ? old.strangerInDatabase(primary, database) : null;
      return stranger == null
          ? new Evidence.Absent("stored values are not under the target key yet", null)
          : new Evidence.Refuted(ConditionReason.DATABASE_IN_USE, stranger, SESSION_PATIENCE);
    }
    if (!(stopped.evidence(primary, rotation, now) instanceof Evidence.Present)) {
      return new Evidence.Absent("instances came back and are stopped again", null);
    }
    List<RotationDatabase.Session> sessions = database.otherSessions();
    return sessions.isEmpty()
        ? new Evidence.Absent("stored values are not under the target key yet", null)
        : new Evidence.Refuted(
            ConditionReason.DATABASE_IN_USE,
            sessions.size()
                + " other sessions use the instances' database role while all instances are stopped"
                + " ("
                + sessions.stream()
                    .map(s -> s.client() + (s.application() == null ? "" : " " + s.application()))
                    .distinct()
                    .limit(5)
                    .collect(Collectors.joining(", "))
                + "). Name every process that shares this database in spec.workloads, or stop it.",
            SESSION_PATIENCE);
  }
}
