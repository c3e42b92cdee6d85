package dev.keyrotation.workload;

import dev.keyrotation.api.v1alpha1.DeploymentTarget;
import io.fabric8.kubernetes.api.model.ContainerPort;
import io.fabric8.kubernetes.api.model.Pod;
import java.net.URI;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Where one pod answers: its own address, never that of a Service, which would pick a pod. */
final class InstanceAddress {
  private static final int USUAL_PORT = 4000;

  private InstanceAddress() {}

  /**
   * Null while the pod has no address.
   *
   * @param tls whether it is asked over https
   */
  static @Nullable URI of(Pod pod, DeploymentTarget target, boolean tls) {
    String address = pod.getStatus() == null ? null : pod.getStatus().getPodIP();
    if (address == null || address.isEmpty()) {
      return null;
    }
    String host = address.indexOf(':') < 0 ? address : "[" + address + "]";
    String scheme = tls ? "https" : "http";
    return URI.create(scheme + "://" + host + ":" + port(pod, target, scheme));
  }

  private static int port(Pod pod, DeploymentTarget target, String scheme) {
    if (target.port() != null) {
      return target.port();
    }
    if (!(LiteLlmContainer.in(pod.getSpec(), target) instanceof LiteLlmContainer.Found found)) {
      return USUAL_PORT;
    }
    List<ContainerPort> ports = found.container().getPorts();
    for (String name : List.of(scheme, "http")) {
      for (ContainerPort port : ports) {
        if (name.equals(port.getName())) {
          return port.getContainerPort();
        }
      }
    }
    return ports.isEmpty() ? USUAL_PORT : ports.getFirst().getContainerPort();
  }
}
