package dev.keyrotation.observe;

import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.RolloutMode;
import dev.keyrotation.api.v1alpha1.RotationStatus;
import dev.keyrotation.api.v1alpha1.WorkloadSpec;
import dev.keyrotation.database.DatabaseProvider;
import dev.keyrotation.database.Fence;
import dev.keyrotation.database.RotationDatabase;
import dev.keyrotation.workload.InstanceAddresses;
import dev.keyrotation.workload.Workloads;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Tells the instances of the other keys apart by their addresses, as the database sees them. */
final class OldInstances {
  private final Workloads workloads;
  private final DatabaseProvider databases;

  OldInstances(Workloads workloads, DatabaseProvider databases) {
    this.workloads = workloads;
    this.databases = databases;
  }

  /** Whether the fence holds off an address that no old instance has any more. */
  boolean fenceIsTooWide(KeyRotation primary, RotationStatus rotation) {
    if (rotation.mode() != RolloutMode.FENCED) {
      return false;
    }
    Set<String> fenced = databases.open(primary).fence().addresses(rotation.id());
    return !fenced.isEmpty()
        && !InstanceAddresses.withoutStamp(workloads, primary, rotation.stamp())
            .containsAll(fenced);
  }

  /** A sentence about sessions that come from no instance; null when there is none. */
  @Nullable String strangerInDatabase(KeyRotation primary, RotationDatabase database) {
    Set<String> known = new TreeSet<>();
    for (WorkloadSpec workload : primary.getSpec().workloads()) {
      known.addAll(InstanceAddresses.of(workloads.observe(primary, workload)));
    }
    Set<String> strangers = new TreeSet<>();
    database.otherSessions().stream()
        .map(RotationDatabase.Session::client)
        .filter(client -> !known.contains(client))
        .forEach(strangers::add);
    return strangers.isEmpty()
        ? null
        : "sessions of the instances' database role come from "
            + String.join(", ", strangers)
            + ", which is no instance's address (a pooler, source NAT, the host's network, or a process that"
            + " spec.workloads does not name)";
  }

  /** Why old instances cannot be fenced off; null when they can. Reads only. */
  @Nullable String obstacle(KeyRotation primary, RotationDatabase database) {
    for (WorkloadSpec workload : primary.getSpec().workloads()) {
      if (workload.systemdUnit() != null) {
        return workload.displayName()
            + " is a systemd unit: its old and its new process have the same address";
      }
    }
    if (database.fence().check() instanceof Fence.Check.Impossible(String why)) {
      return why;
    }
    List<String> addresses = new ArrayList<>();
    for (WorkloadSpec workload : primary.getSpec().workloads()) {
      addresses.addAll(InstanceAddresses.of(workloads.observe(primary, workload)));
    }
    if (Set.copyOf(addresses).size() < addresses.size()) {
      return "several instances share an address";
    }
    Set<String> seen = new TreeSet<>();
    database.otherSessions().forEach(session -> seen.add(session.client()));
    if (!seen.containsAll(addresses)) {
      return "the database does not see every instance by its own address (a pooler or source NAT)";
    }
    return strangerInDatabase(primary, database);
  }
}
