package dev.keyrotation.step;

import dev.keyrotation.api.v1alpha1.HistoryEntry;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.database.DatabaseOwner;
import dev.keyrotation.database.DatabaseProvider;
import dev.keyrotation.key.KeyStore;
import dev.keyrotation.plan.StepOutcome;

/**
 * Removes what an ended rotation left behind: the copied ciphertext, the copies of environment
 * files, then the keys that open it all.
 */
final class Retire {
  private final KeyStore store;
  private final DatabaseProvider databases;

  Retire(KeyStore store, DatabaseProvider databases) {
    this.store = store;
    this.databases = databases;
  }

  StepOutcome apply(KeyRotation primary, HistoryEntry entry) {
    if (primary.getSpec().database() != null) {
      databases.open(primary).retire(DatabaseOwner.of(primary), entry.id());
    }
    store.forget(primary, entry.id());
    store.deleteRevision(primary, entry.retiredRevision());
    return new StepOutcome.Made();
  }
}
