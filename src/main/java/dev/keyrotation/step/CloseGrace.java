package dev.keyrotation.step;

import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.RotationStatus;
import dev.keyrotation.database.DatabaseOwner;
import dev.keyrotation.database.DatabaseProvider;
import dev.keyrotation.database.RotationDatabase;
import dev.keyrotation.key.KeyMaterial;
import dev.keyrotation.key.RevisionKeys;
import dev.keyrotation.plan.Grace;
import dev.keyrotation.plan.StepOutcome;
import dev.keyrotation.redis.AuthCache;
import dev.keyrotation.redis.AuthCaches;
import java.time.Instant;
import java.util.Map;

/**
 * Sets the end of the other master key's grace; when that is over, ends the key in the token table.
 * Instances forget a row that had no end when their cache does, within 60 s. Entries of a cache in
 * Redis are deleted. After a compromise the keys of dashboard sessions end as well.
 */
final class CloseGrace implements StepEffect {
  private final DatabaseProvider databases;
  private final AuthCaches caches;
  private final RevisionKeys keys;

  CloseGrace(DatabaseProvider databases, AuthCaches caches, RevisionKeys keys) {
    this.caches = caches;
    this.databases = databases;
    this.keys = keys;
  }

  @Override
  public StepOutcome apply(KeyRotation primary, RotationStatus rotation, Instant now) {
    RotationDatabase database = databases.open(primary);
    KeyMaterial other = keys.other(primary, rotation).master();
    Instant graceEnd = Grace.end(primary, rotation);
    if (now.isBefore(graceEnd) && database.graceExpiry(rotation.id(), other) != null) {
      database.openGrace(DatabaseOwner.of(primary), rotation.id(), Map.of(other, graceEnd));
      return new StepOutcome.Made();
    }
    if (Grace.endsSessions(rotation)
        && database.movedMasterKeyRows(rotation.id(), rotation.direction()) != null
        && database.endedSessions(rotation.id()) == null) {
      database.endSessions(DatabaseOwner.of(primary), rotation.id());
      return new StepOutcome.Made();
    }
    AuthCache cache = caches.open(primary);
    if (cache != null
        && database.movedMasterKeyRows(rotation.id(), rotation.direction()) != null
        && cache.remembers(other)) {
      cache.forget(other);
      return new StepOutcome.Made();
    }
    database.moveMasterKeyRows(
        DatabaseOwner.of(primary),
        rotation.id(),
        rotation.direction(),
        other,
        keys.target(primary, rotation).master(),
        primary.getSpec().masterKeyRow());
    return new StepOutcome.Made();
  }
}
