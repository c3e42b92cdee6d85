package dev.keyrotation.observe;

import dev.keyrotation.api.v1alpha1.CompromiseReport;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.RotationStatus;
import dev.keyrotation.database.DatabaseProvider;
import dev.keyrotation.database.RotationDatabase;
import dev.keyrotation.database.RotationDatabase.EndedSessions;
import dev.keyrotation.database.RotationDatabase.MasterKeyRows;
import dev.keyrotation.key.KeyMaterial;
import dev.keyrotation.key.RevisionKeys;
import dev.keyrotation.plan.Evidence;
import dev.keyrotation.plan.FailurePolicy;
import dev.keyrotation.plan.Grace;
import dev.keyrotation.plan.Triggers;
import dev.keyrotation.redis.AuthCache;
import dev.keyrotation.redis.AuthCaches;
import dev.keyrotation.workload.Workloads;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * CloseGrace: the token table has no row of the other master key, and every instance refuses that
 * key.
 */
final class CloseGraceObserver implements StepObserver {
  private final Instances instances;
  private final RevisionKeys keys;
  private final DatabaseProvider databases;
  private final AuthCaches caches;

  CloseGraceObserver(
      Instances instances, RevisionKeys keys, DatabaseProvider databases, AuthCaches caches) {
    this.caches = caches;
    this.instances = instances;
    this.keys = keys;
    this.databases = databases;
  }

  /** A row that a key has of its own is no grace: the target key may keep its. */
  private static boolean isGrace(@Nullable Instant until) {
    return until != null && !until.equals(RotationDatabase.NO_EXPIRY);
  }

  @Override
  public Evidence evidence(KeyRotation primary, RotationStatus rotation, Instant now) {
    KeyMaterial other = keys.other(primary, rotation).master();
    MasterKeyRows moved = null;
    EndedSessions sessions = null;
    if (primary.getSpec().database() != null) {
      RotationDatabase database = databases.open(primary);
      Instant graceEnd = Grace.end(primary, rotation);
      Instant until = database.graceExpiry(rotation.id(), other);
      if (until != null && now.isBefore(graceEnd)) {
        String sentence = "the old master key is accepted until " + FailurePolicy.text(graceEnd);
        // From here on the row ends by itself at the right time, also when nobody comes back.
        return until.equals(graceEnd) || until.equals(RotationDatabase.NO_EXPIRY)
            ? new Evidence.Underway(sentence, null)
            : new Evidence.Absent(sentence, null);
      }
      Instant target = database.graceExpiry(rotation.id(), keys.target(primary, rotation).master());
      if (isGrace(until) || isGrace(target) || database.masterKeyRows(other) > 0) {
        return new Evidence.Absent("the token table still has rows of the other master key", null);
      }
      moved = database.movedMasterKeyRows(rotation.id(), rotation.direction());
      if (Grace.endsSessions(rotation)) {
        sessions = database.endedSessions(rotation.id());
        if (moved == null || sessions == null) {
          return new Evidence.Absent("dashboard sessions are not ended yet", null);
        }
      }
    }
    AuthCache cache = caches.open(primary);
    if (cache != null && cache.remembers(other)) {
      return new Evidence.Absent("Redis still has an entry of the other master key", null);
    }
    List<Workloads.Instance> running = instances.running(primary);
    Evidence against = instances.refuses(primary, running, other);
    if (against == null) {
      // Asked again now that no row can answer for an instance that runs with another key.
      against = instances.accepts(primary, running, keys.target(primary, rotation).master());
    }
    if (against instanceof Evidence.Refuted(var reason, String message, Duration patience)) {
      // Caches begin to forget when the grace ends, not when the step begins.
      return new Evidence.Refuted(reason, message, patience.plus(Grace.period(primary, rotation)));
    }
    if (against != null) {
      return against;
    }
    if (sessions != null && now.isBefore(sessions.at().plus(Instances.CACHE_TIME))) {
      return new Evidence.Underway("instances forget the dashboard sessions that were ended", null);
    }
    return moved == null
        ? Evidence.Present.PLAIN
        : new Evidence.Present(
            rotation
                .data()
                .with()
                .masterKeyRowsFound(moved.found())
                .masterKeyRowsMoved(moved.moved())
                .build(),
            null,
            sessions == null ? null : report(primary, rotation, sessions),
            null);
  }

  /** What an intruder may have made for himself. */
  private CompromiseReport report(
      KeyRotation primary, RotationStatus rotation, EndedSessions sessions) {
    Instant since = Triggers.compromisedSince(primary);
    RotationDatabase.Admins admins =
        databases.open(primary).adminsSince(since, keys.target(primary, rotation).master());
    return new CompromiseReport(
        since == null ? null : FailurePolicy.text(since),
        sessions.number(),
        admins.keys(),
        admins.users(),
        admins.newest());
  }
}
