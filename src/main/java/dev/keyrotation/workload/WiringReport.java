package dev.keyrotation.workload;

import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.workload.Workloads.Finding;
import dev.keyrotation.workload.Workloads.Wiring;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Collects what a check of one workload finds; every sentence begins with its name. */
final class WiringReport {
  private final String workload;
  private final List<Finding> findings = new ArrayList<>();
  private final List<String> warnings = new ArrayList<>();
  private @Nullable String unmarked;

  WiringReport(String workload) {
    this.workload = workload;
  }

  void block(ConditionReason reason, String sentence) {
    findings.add(new Finding(reason, workload + " " + sentence));
  }

  void warn(String sentence) {
    warnings.add(workload + " " + sentence);
  }

  /** Its connections would not all have the name that the URL of the spec gives them. */
  void unmarked(String sentence) {
    unmarked = workload + " " + sentence;
  }

  Wiring wiring() {
    return new Wiring(List.copyOf(findings), List.copyOf(warnings), unmarked);
  }
}
