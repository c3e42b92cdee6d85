package dev.keyrotation.workload;

import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.WorkloadSpec;
import dev.keyrotation.failure.RotationException;
import java.time.Instant;

/** Looks through what the instances of a workload have logged. */
public interface LogScan {

  /**
   * Counts lines that tell of trouble with keys, since the running instances were started. Nothing
   * of a line is repeated.
   *
   * @throws RotationException when the log cannot be read
   */
  Counts scan(KeyRotation owner, WorkloadSpec workload);

  /**
   * The same, of what was logged since {@code since}, to the second, whatever was started
   * meanwhile.
   */
  default Counts scan(KeyRotation owner, WorkloadSpec workload, Instant since) {
    return scan(owner, workload);
  }

  /**
   * How many lines tell of what.
   *
   * @param decryption of a stored value that does not open
   * @param authentication of a request that was refused; clients with the old key cause these
   */
  record Counts(long decryption, long authentication) {
    /** Of workloads whose log is not looked at. */
    public static final Counts NONE = new Counts(0, 0);
  }

  /** For workloads of which no log is read. */
  LogScan UNREAD = (owner, workload) -> Counts.NONE;
}
