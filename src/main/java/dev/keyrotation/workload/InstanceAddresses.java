package dev.keyrotation.workload;

import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.WorkloadSpec;
import java.net.URI;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/** The network addresses of instances, without the brackets that a URL puts around IPv6. */
public final class InstanceAddresses {
  private InstanceAddresses() {}

  /**
   * Addresses of all instances of a workload, terminating ones included; empty text for one without
   * address.
   */
  public static List<String> of(Workloads.State state) {
    return state.instances().stream().map(InstanceAddresses::of).toList();
  }

  /** Addresses of all instances that do not carry {@code stamp}. */
  public static Set<String> withoutStamp(Workloads workloads, KeyRotation owner, String stamp) {
    Set<String> addresses = new TreeSet<>();
    for (WorkloadSpec workload : owner.getSpec().workloads()) {
      for (Workloads.Instance instance : workloads.observe(owner, workload).instances()) {
        if (!stamp.equals(instance.stamp())) {
          addresses.add(of(instance));
        }
      }
    }
    addresses.remove("");
    return addresses;
  }

  /** Whether any instance, also one without an address, does not carry {@code stamp}. */
  public static boolean anyWithoutStamp(Workloads workloads, KeyRotation owner, String stamp) {
    return owner.getSpec().workloads().stream()
        .flatMap(workload -> workloads.observe(owner, workload).instances().stream())
        .anyMatch(instance -> !stamp.equals(instance.stamp()));
  }

  private static String of(Workloads.Instance instance) {
    URI url = instance.url();
    String host = url == null ? null : url.getHost();
    return host == null ? "" : host.replaceAll("[\\[\\]]", "");
  }
}
