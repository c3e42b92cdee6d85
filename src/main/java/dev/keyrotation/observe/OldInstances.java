package dev.keyrotation.observe;

import dev.keyrotation.api.v1alpha1.DatabaseSpec;
import dev.keyrotation.api.v1alpha1.Direction;
import dev.keyrotation.api.v1alpha1.Fencing;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.RolloutMode;
import dev.keyrotation.api.v1alpha1.RotationStatus;
import dev.keyrotation.api.v1alpha1.WorkloadSpec;
import dev.keyrotation.database.DatabaseProvider;
import dev.keyrotation.database.Fence;
import dev.keyrotation.database.RotationDatabase;
import dev.keyrotation.key.ConnectionMarks;
import dev.keyrotation.workload.InstanceAddresses;
import dev.keyrotation.workload.Workloads;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Tells the instances of the other keys apart as the database can: by address, or by mark. */
final class OldInstances {
  private final Workloads workloads;
  private final DatabaseProvider databases;
  private final ConnectionMarks marks;

  OldInstances(Workloads workloads, DatabaseProvider databases, ConnectionMarks marks) {
    this.workloads = workloads;
    this.databases = databases;
    this.marks = marks;
  }

  /** Whether the fence holds off more than the old instances that are left. */
  boolean fenceIsTooWide(KeyRotation primary, RotationStatus rotation) {
    if (rotation.mode() != RolloutMode.FENCED) {
      return false;
    }
    Fence fence = databases.open(primary).fence();
    if (rotation.marksConnections()) {
      return !anyLeft(primary, rotation) && fence.mark(rotation.id()) != null;
    }
    Set<String> fenced = fence.addresses(rotation.id());
    return !fenced.isEmpty()
        && !InstanceAddresses.withoutStamp(workloads, primary, rotation.stamp())
            .containsAll(fenced);
  }

  private boolean anyLeft(KeyRotation primary, RotationStatus rotation) {
    return InstanceAddresses.anyWithoutStamp(workloads, primary, rotation.stamp());
  }

  /**
   * Whether a new instance is ready and the database sees no session with its mark, so that the
   * fence holds it off as well. Told only while old instances are left, and on the way forward: the
   * way back ends best by going on.
   */
  boolean markIsLost(KeyRotation primary, RotationStatus rotation) {
    if (!rotation.marksConnections() || rotation.direction() != Direction.FORWARD) {
      return false;
    }
    boolean arrived =
        primary.getSpec().workloads().stream()
            .flatMap(workload -> workloads.observe(primary, workload).instances().stream())
            .anyMatch(i -> i.ready() && rotation.stamp().equals(i.stamp()));
    return arrived
        && anyLeft(primary, rotation)
        && !seen(databases.open(primary), rotation.connectionMark());
  }

  private static boolean seen(RotationDatabase database, String mark) {
    return database.otherSessions().stream().anyMatch(s -> mark.equals(s.application()));
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
            + ", which is no instance's address (a pooler, source NAT, the host's network, or a"
            + " process that spec.workloads does not name)";
  }

  /**
   * How old instances can be fenced off.
   *
   * @param by null when they cannot
   * @param why why they cannot, or why not by their addresses; null when they can by these
   */
  record Answer(@Nullable Fencing by, @Nullable String why) {}

  /** By their addresses if possible, else by marks, if the spec allows them. Reads only. */
  Answer fencing(KeyRotation primary, RotationDatabase database) {
    for (WorkloadSpec workload : primary.getSpec().workloads()) {
      if (workload.systemdUnit() != null) {
        return new Answer(
            null,
            workload.displayName()
                + " is a systemd unit: its old and its new process have the same address");
      }
    }
    String byAddress = addressObstacle(primary, database);
    DatabaseSpec spec = primary.getSpec().database();
    if (byAddress == null) {
      return new Answer(Fencing.ADDRESSES, null);
    }
    if (spec == null || !spec.markConnections()) {
      return new Answer(null, byAddress);
    }
    String byMark = markObstacle(primary, database);
    return byMark == null
        ? new Answer(Fencing.MARKS, byAddress)
        : byMark.equals(byAddress)
            ? new Answer(null, byAddress)
            : new Answer(null, byAddress + "; and not by marks in their connections: " + byMark);
  }

  private @Nullable String addressObstacle(KeyRotation primary, RotationDatabase database) {
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

  private @Nullable String markObstacle(KeyRotation primary, RotationDatabase database) {
    if (database.fence().checkMarks() instanceof Fence.Check.Impossible(String why)) {
      return why;
    }
    for (WorkloadSpec workload : primary.getSpec().workloads()) {
      String unmarked = workloads.wiring(primary, workload).unmarked();
      if (unmarked != null) {
        return unmarked;
      }
    }
    return switch (marks.look(primary)) {
      case ConnectionMarks.Look.Unusable(String why) -> why;
      case ConnectionMarks.Look.Writable(String mark) when mark != null && !seen(database, mark) ->
          "instances do not show the mark that their URL has from an earlier rotation; restart"
              + " them, or their connections do not pass it on";
      case ConnectionMarks.Look.Writable _ -> null;
    };
  }
}
