package dev.keyrotation.observe;

import dev.keyrotation.api.v1alpha1.ActiveKeys;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.WorkloadSpec;
import dev.keyrotation.failure.RotationException;
import dev.keyrotation.key.KeyStore;
import dev.keyrotation.plan.ObservedState.Operand;
import dev.keyrotation.plan.Statuses;
import dev.keyrotation.workload.Workloads;
import java.util.Objects;

/** While no rotation is under way: does everything still stand as the last one left it? */
final class OperandObserver {
  private final KeyStore store;
  private final Workloads workloads;

  OperandObserver(KeyStore store, Workloads workloads) {
    this.store = store;
    this.workloads = workloads;
  }

  Operand operand(KeyRotation primary) {
    try {
      return read(primary);
    } catch (RotationException e) {
      return new Operand.Unclear(e.sentence());
    }
  }

  private Operand read(KeyRotation primary) {
    String where = store.where(primary);
    if (!(store.consumer(primary) instanceof KeyStore.Consumer.Usable usable)) {
      return new Operand.Drifted(where + " is missing or holds no usable keys.");
    }
    ActiveKeys active = Statuses.of(primary).activeKeys();
    if (active != null
        && !active.fingerprints().equals(GenerateKeysObserver.fingerprints(usable.keys()))) {
      return new Operand.Drifted(
          where
              + " no longer holds the keys of revision "
              + active.revision()
              + ": somebody changed it by hand. When the salt key changed, stored values cannot be read after the"
              + " next restart; the keys of that revision are kept as "
              + primary.getMetadata().getName()
              + "-r"
              + active.revision()
              + ".");
    }
    int instances = 0;
    int stragglers = 0;
    String unsettled = null;
    for (WorkloadSpec workload : primary.getSpec().workloads()) {
      Workloads.State state = workloads.observe(primary, workload);
      if (!state.settled()) {
        stragglers += stragglers(state);
        String problem = state.problem();
        unsettled =
            unsettled != null
                ? unsettled
                : state.name() + " is not settled" + (problem == null ? "." : ": " + problem + ".");
      }
      instances += state.replicas();
    }
    if (unsettled != null) {
      return new Operand.Drifted(unsettled, stragglers);
    }
    return new Operand.OnActiveKeys(
        instances
            + (active == null
                ? " instances run; no rotation has been made yet."
                : " instances run on the keys of revision " + active.revision() + "."));
  }

  private static int stragglers(Workloads.State state) {
    long present =
        state.instances().stream()
            .filter(i -> i.ready() && !i.terminating() && Objects.equals(i.stamp(), state.stamp()))
            .count();
    long others = state.instances().size() - present;
    return (int) Math.max(others, state.replicas() - present);
  }
}
