package dev.keyrotation.systemd;

import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.SystemdUnitTarget;
import dev.keyrotation.api.v1alpha1.WorkloadSpec;
import dev.keyrotation.envfile.EnvironmentFileConsumer;
import dev.keyrotation.failure.Recovery;
import dev.keyrotation.failure.RotationException;
import dev.keyrotation.failure.SupersededException;
import dev.keyrotation.host.EpochMark;
import dev.keyrotation.host.Host;
import dev.keyrotation.host.Hosts;
import dev.keyrotation.workload.LogScan;
import dev.keyrotation.workload.Workloads;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;

/**
 * systemd units, read and told by {@code systemctl} on their host. No call waits for a unit: what
 * comes of it is seen in the next turn, within the unit's own time limits.
 *
 * <p>Needs root on the host, by login or by {@code sudo}: to restart units, to write the drop-in
 * {@code /etc/systemd/system/UNIT.d/50-keyrotation.conf} that marks the revision, and to read the
 * environment of the running process.
 */
public final class SystemdWorkloads implements Workloads, LogScan {
  private static final String NOTE =
      "# Written by keyrotation: tells which rotation started the unit. No key is in it.\n";

  private final Hosts hosts;
  private final EnvironmentFileConsumer files;
  private final Readiness readiness;
  private final SecureRandom random;

  public SystemdWorkloads(
      Hosts hosts, EnvironmentFileConsumer files, Readiness readiness, SecureRandom random) {
    this.hosts = hosts;
    this.files = files;
    this.readiness = readiness;
    this.random = random;
  }

  private static SystemdUnitTarget unit(WorkloadSpec workload) {
    SystemdUnitTarget unit = workload.systemdUnit();
    if (unit == null) {
      throw new RotationException(
          ConditionReason.NOT_SUPPORTED,
          Recovery.HALT,
          workload.displayName() + " is no systemd unit.");
    }
    return unit;
  }

  private static String dropIn(SystemdUnitTarget unit) {
    return directory(unit) + UnitScripts.DROP_IN_NAME;
  }

  private static String directory(SystemdUnitTarget unit) {
    return "/etc/systemd/system/" + unit.unit() + ".d/";
  }

  private static EpochMark mark(KeyRotation owner, SystemdUnitTarget unit) {
    return EpochMark.of(owner, unit.unit(), directory(unit) + UnitScripts.EPOCH_NAME);
  }

  /** The unit's host, for changes. */
  private Host writable(KeyRotation owner, SystemdUnitTarget unit) {
    return hosts.of(owner, unit).under(mark(owner, unit));
  }

  @Override
  public State observe(KeyRotation owner, WorkloadSpec workload) {
    SystemdUnitTarget unit = unit(workload);
    UnitFacts facts =
        UnitFacts.parse(
            hosts
                .of(owner, unit)
                .script(
                    "look at " + unit.unit(),
                    UnitScripts.OBSERVE,
                    List.of(unit.unit(), dropIn(unit)),
                    new byte[0])
                .text());
    boolean answers = UnitState.runs(facts) && readiness.isReady(owner, URI.create(unit.baseUrl()));
    return new UnitState(unit, facts, answers).state();
  }

  @Override
  public Wiring wiring(KeyRotation owner, WorkloadSpec workload) {
    SystemdUnitTarget unit = unit(workload);
    try {
      return new UnitCheck(owner, unit, files, random).run(hosts.of(owner, unit));
    } catch (RotationException e) {
      if (e.reason() != ConditionReason.NOT_SUPPORTED) {
        throw e;
      }
      return new Wiring(List.of(new Finding(e.reason(), e.sentence())), List.of());
    }
  }

  @Override
  public void claim(KeyRotation owner, WorkloadSpec workload, BooleanSupplier current) {
    SystemdUnitTarget unit = unit(workload);
    EpochMark mark = mark(owner, unit);
    if (!current.getAsBoolean()) {
      throw new SupersededException(unit.displayName(), 0);
    }
    hosts.of(owner, unit).claim(mark);
  }

  @Override
  public void stop(KeyRotation owner, WorkloadSpec workload) {
    tell(owner, unit(workload), "stop", UnitScripts.STOP, List.of());
  }

  @Override
  public void resize(KeyRotation owner, WorkloadSpec workload, int replicas) {
    if (replicas == 0) {
      stop(owner, workload);
    } else {
      tell(owner, unit(workload), "start", UnitScripts.START, List.of());
    }
  }

  /** Writes the drop-in, and restarts the unit unless it is stopped. */
  @Override
  public void stamp(KeyRotation owner, WorkloadSpec workload, String stamp) {
    SystemdUnitTarget unit = unit(workload);
    State before = observe(owner, workload);
    String text =
        NOTE + "[Service]\nEnvironment=" + UnitScripts.STAMP_VARIABLE + "=" + stamp + "\n";
    writable(owner, unit).put(dropIn(unit), text.getBytes(StandardCharsets.UTF_8), "644");
    tell(
        owner,
        unit,
        before.replicas() > 0 ? "restart" : "reload",
        UnitScripts.RELOAD,
        List.of(before.replicas() > 0 ? "yes" : "no"));
  }

  private void tell(
      KeyRotation owner, SystemdUnitTarget unit, String what, String script, List<String> more) {
    List<String> arguments = new ArrayList<>(List.of(unit.unit()));
    arguments.addAll(more);
    writable(owner, unit).script(what + " " + unit.unit(), script, arguments, new byte[0]);
  }

  @Override
  public Counts scan(KeyRotation owner, WorkloadSpec workload) {
    return scan(owner, unit(workload), UnitScripts.SCAN, List.of());
  }

  @Override
  public Counts scan(KeyRotation owner, WorkloadSpec workload, Instant since) {
    return scan(
        owner,
        unit(workload),
        UnitScripts.SCAN_SINCE,
        List.of(Long.toString(since.getEpochSecond())));
  }

  private Counts scan(KeyRotation owner, SystemdUnitTarget unit, String script, List<String> more) {
    List<String> arguments = new ArrayList<>(List.of(unit.unit()));
    arguments.addAll(more);
    UnitFacts facts =
        UnitFacts.parse(
            hosts
                .of(owner, unit)
                .script("read the journal of " + unit.unit(), script, arguments, new byte[0])
                .text());
    return new Counts((long) facts.number("Decryption"), (long) facts.number("Authentication"));
  }
}
