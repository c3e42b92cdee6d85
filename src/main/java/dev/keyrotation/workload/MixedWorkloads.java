package dev.keyrotation.workload;

import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.WorkloadSpec;
import java.time.Instant;
import java.util.function.BooleanSupplier;

/** Deployments and systemd units beside each other, each handled by its own adapter. */
public final class MixedWorkloads implements Workloads, LogScan {
  private final Workloads deployments;
  private final Workloads units;
  private final LogScan podLogs;
  private final LogScan unitLogs;

  public MixedWorkloads(Workloads deployments, LogScan podLogs, Workloads units, LogScan unitLogs) {
    this.deployments = deployments;
    this.podLogs = podLogs;
    this.units = units;
    this.unitLogs = unitLogs;
  }

  private Workloads of(WorkloadSpec workload) {
    return workload.systemdUnit() == null ? deployments : units;
  }

  @Override
  public State observe(KeyRotation owner, WorkloadSpec workload) {
    return of(workload).observe(owner, workload);
  }

  @Override
  public Wiring wiring(KeyRotation owner, WorkloadSpec workload) {
    return of(workload).wiring(owner, workload);
  }

  @Override
  public void claim(KeyRotation owner, WorkloadSpec workload, BooleanSupplier current) {
    of(workload).claim(owner, workload, current);
  }

  @Override
  public void stop(KeyRotation owner, WorkloadSpec workload) {
    of(workload).stop(owner, workload);
  }

  @Override
  public void stamp(KeyRotation owner, WorkloadSpec workload, String stamp) {
    of(workload).stamp(owner, workload, stamp);
  }

  @Override
  public void resize(KeyRotation owner, WorkloadSpec workload, int replicas) {
    of(workload).resize(owner, workload, replicas);
  }

  /** Verification asks pods by their API alone: it reads no log of theirs. */
  @Override
  public Counts scan(KeyRotation owner, WorkloadSpec workload) {
    return workload.systemdUnit() == null ? Counts.NONE : unitLogs.scan(owner, workload);
  }

  @Override
  public Counts scan(KeyRotation owner, WorkloadSpec workload, Instant since) {
    return (workload.systemdUnit() == null ? podLogs : unitLogs).scan(owner, workload, since);
  }
}
