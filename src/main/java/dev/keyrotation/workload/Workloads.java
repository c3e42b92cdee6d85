package dev.keyrotation.workload;

import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.WorkloadSpec;
import dev.keyrotation.failure.RotationException;
import java.net.URI;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The workloads of a KeyRotation. All methods throw {@link RotationException} when they cannot be
 * read or changed.
 */
public interface Workloads {

  /** Reads one workload and its instances, live. */
  State observe(KeyRotation owner, WorkloadSpec workload);

  /**
   * @param name what people call it, for example {@code deployment/litellm}
   * @param exists false when there is none; the rest is then empty
   * @param replicas wanted number of instances
   * @param stamp revision mark of the template from which new instances are made
   * @param settled every wanted instance is of the present template and available, and no other one
   *     is left
   * @param problem why it cannot get on by itself, for example an image that cannot be pulled; null
   *     when none is known
   * @param failed it has failed after the last start and nobody but us will start it again
   * @param instances every instance that has not ended, also terminating ones
   */
  record State(
      String name,
      boolean exists,
      int replicas,
      @Nullable String stamp,
      boolean settled,
      @Nullable String problem,
      boolean failed,
      List<Instance> instances) {}

  /**
   * One running instance.
   *
   * @param url base URL of its HTTP API by its own address; null while it has none
   * @param stamp revision mark with which it was made
   */
  record Instance(
      String name, @Nullable URI url, @Nullable String stamp, boolean ready, boolean terminating) {}

  /** How the workload is wired to its keys; findings block a rotation. Reads only. */
  Wiring wiring(KeyRotation owner, WorkloadSpec workload);

  /**
   * See {@link #wiring}.
   *
   * @param unmarked why {@code application_name} in the URL of {@code spec.database} would not name
   *     all connections of its instances, as a sentence without a period; null when it would
   */
  record Wiring(List<Finding> findings, List<String> warnings, @Nullable String unmarked) {
    /** The wiring of a workload whose connections can be named. */
    public Wiring(List<Finding> findings, List<String> warnings) {
      this(findings, warnings, null);
    }
  }

  /** Something that blocks; the message says what is wrong, where, and what to do. */
  record Finding(ConditionReason reason, String message) {}

  /**
   * Marks the workload with the epoch of {@code owner}'s status, so that writes of earlier epochs
   * fail. Restarts nothing. Does nothing when there is no such workload.
   *
   * @param current reads live whether that epoch is still the stored one; asked before a write
   * @throws dev.keyrotation.failure.SupersededException when it is not; {@link #stop}, {@link
   *     #stamp} and {@link #resize} throw it when the workload carries another epoch
   */
  void claim(KeyRotation owner, WorkloadSpec workload, BooleanSupplier current);

  /** Scales to zero. */
  void stop(KeyRotation owner, WorkloadSpec workload);

  /**
   * Sets the revision mark in the template. Instances that are wanted are replaced by it; none is
   * started otherwise.
   */
  void stamp(KeyRotation owner, WorkloadSpec workload, String stamp);

  /** Scales to {@code replicas}. */
  void resize(KeyRotation owner, WorkloadSpec workload, int replicas);
}
