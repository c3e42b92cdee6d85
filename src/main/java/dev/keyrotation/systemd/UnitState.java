package dev.keyrotation.systemd;

import dev.keyrotation.api.v1alpha1.SystemdUnitTarget;
import dev.keyrotation.workload.Workloads.Instance;
import dev.keyrotation.workload.Workloads.State;
import java.net.URI;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a unit amounts to. Pure: it is given what was read.
 *
 * <p>Our drop-in is the template, the process the instance. A unit counts as wanted while it runs
 * or is told to start, and when it has failed since the drop-in was written: it was wanted then,
 * and nobody has stopped it. (A failure from before is forgotten when the drop-in is written.)
 */
final class UnitState {
  private static final Set<String> RUNS =
      Set.of("active", "activating", "reloading", "refreshing", "maintenance");
  private static final Set<String> STARTS =
      Set.of("start", "restart", "try-restart", "reload-or-start");

  /** So many restarts by systemd itself since the last one by us are a loop. */
  private static final int LOOP = 3;

  /** The times compared have a resolution of a second each. */
  private static final double SECONDS_OF_DOUBT = 2;

  private final SystemdUnitTarget unit;
  private final UnitFacts facts;
  private final boolean answers;

  /**
   * @param answers whether the unit's API says that it is ready
   */
  UnitState(SystemdUnitTarget unit, UnitFacts facts, boolean answers) {
    this.unit = unit;
    this.facts = facts;
    this.answers = answers;
  }

  /** Whether it makes sense to ask the unit's API. */
  static boolean runs(UnitFacts facts) {
    return facts.is("ActiveState", "active");
  }

  State state() {
    String name = unit.displayName();
    if (facts.is("LoadState", "not-found")) {
      return new State(name, false, 0, null, false, null, false, List.of());
    }
    String job = facts.get("JobType");
    boolean active = RUNS.contains(facts.get("ActiveState"));
    boolean failed = hasFailed();
    boolean wanted = job.equals("stop") ? false : STARTS.contains(job) || active || failed;
    boolean ending = facts.is("ActiveState", "deactivating") || !job.isEmpty();
    boolean process = facts.number("MainPID") > 0 || facts.number("Processes") > 0;
    String template = stamp("DropInStamp");
    String running = stamp("RunningStamp");
    boolean reloaded = facts.is("NeedDaemonReload", "no");
    boolean settled =
        facts.is("ActiveState", "active")
            && job.isEmpty()
            && process
            && answers
            && reloaded
            && Objects.equals(running, template);
    List<Instance> instances =
        process
            ? List.of(
                new Instance(
                    name + " (pid " + facts.get("MainPID") + ")",
                    URI.create(unit.baseUrl()),
                    running,
                    settled,
                    ending))
            : List.of();
    return new State(
        name,
        true,
        wanted ? 1 : 0,
        // A template that systemd has not read, or that the running process was not made from and
        // will not be by itself, is not in effect.
        reloaded ? (active && process && !ending ? running : template) : null,
        settled,
        problem(active, failed),
        failed || loops(template, running),
        instances);
  }

  private @Nullable String stamp(String fact) {
    return facts.has(fact) ? facts.get(fact) : null;
  }

  /** It ended badly, or could not start, when the present drop-in was there already. */
  private boolean hasFailed() {
    if (!facts.is("ActiveState", "failed") || !facts.has("DropInTime")) {
      return false;
    }
    double failedBefore =
        facts.number("Uptime") - facts.number("InactiveEnterTimestampMonotonic") / 1e6;
    double writtenBefore = facts.number("Now") - facts.number("DropInTime");
    return failedBefore <= writtenBefore + SECONDS_OF_DOUBT;
  }

  private boolean loops(@Nullable String template, @Nullable String running) {
    return facts.number("NRestarts") >= LOOP
        && !facts.is("ActiveState", "active")
        && template != null
        && (running == null || running.equals(template));
  }

  private @Nullable String problem(boolean active, boolean failed) {
    if (facts.is("LoadState", "masked")) {
      return "it is masked";
    }
    if (failed || facts.is("ActiveState", "failed")) {
      return "it failed (" + facts.get("Result") + ")";
    }
    if (facts.is("SubState", "auto-restart") || facts.number("NRestarts") >= LOOP) {
      return "systemd has restarted it " + (int) facts.number("NRestarts") + " times";
    }
    if (!active && !facts.is("ActiveState", "deactivating")) {
      return "it is not running";
    }
    return facts.is("ActiveState", "active") && !answers
        ? "its API at " + unit.baseUrl() + " does not say that it is ready"
        : null;
  }
}
