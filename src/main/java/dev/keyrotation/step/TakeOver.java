package dev.keyrotation.step;

import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.RotationStatus;
import dev.keyrotation.api.v1alpha1.WorkloadSpec;
import dev.keyrotation.database.DatabaseOwner;
import dev.keyrotation.database.DatabaseProvider;
import dev.keyrotation.key.ConnectionMarks;
import dev.keyrotation.key.KeyCopies;
import dev.keyrotation.key.KeyStore;
import dev.keyrotation.plan.Statuses;
import dev.keyrotation.plan.StepSequence;
import dev.keyrotation.workload.Workloads;
import java.util.function.BooleanSupplier;

/**
 * Marks everything that a rotation changes with the epoch of the status. What a process of an
 * earlier epoch has not written by then, it cannot write any more; so what is observed from then on
 * stays true.
 */
final class TakeOver {
  private final KeyStore store;
  private final Workloads workloads;
  private final DatabaseProvider databases;
  private final ConnectionMarks marks;
  private final KeyCopies copies;

  TakeOver(
      KeyStore store,
      Workloads workloads,
      DatabaseProvider databases,
      ConnectionMarks marks,
      KeyCopies copies) {
    this.marks = marks;
    this.copies = copies;
    this.store = store;
    this.workloads = workloads;
    this.databases = databases;
  }

  void apply(KeyRotation primary, BooleanSupplier current) {
    store.claim(primary, current);
    RotationStatus rotation = Statuses.of(primary).rotation();
    if (rotation != null && StepSequence.writesMarks(rotation)) {
      marks.claim(primary, current);
    }
    if (rotation != null && rotation.hasCopies()) {
      copies.claim(primary, current);
    }
    for (WorkloadSpec workload : primary.getSpec().workloads()) {
      workloads.claim(primary, workload, current);
    }
    if (primary.getSpec().database() != null) {
      databases.open(primary).claim(DatabaseOwner.of(primary));
    }
  }
}
