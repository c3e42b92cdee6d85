package dev.keyrotation.workload;

import dev.keyrotation.api.v1alpha1.ConditionReason;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.DeploymentStrategy;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** What about the Deployment itself gets in the way of a restart, or should be known before one. */
final class DeploymentCheck {
  private final Deployment deployment;
  private final Container container;
  private final List<String> autoscalers;
  private final boolean asksOverTls;
  private final WiringReport report;

  DeploymentCheck(
      Deployment deployment,
      Container container,
      List<String> autoscalers,
      boolean asksOverTls,
      WiringReport report) {
    this.deployment = deployment;
    this.container = container;
    this.autoscalers = autoscalers;
    this.asksOverTls = asksOverTls;
    this.report = report;
  }

  void run() {
    if (deployment.getMetadata().getDeletionTimestamp() != null) {
      report.block(ConditionReason.WORKLOAD_NOT_STEADY, "is being deleted.");
    }
    if (Boolean.TRUE.equals(deployment.getSpec().getPaused())) {
      report.block(
          ConditionReason.WORKLOAD_NOT_STEADY,
          "is paused, so a restart would not happen. Run `kubectl rollout resume`.");
    }
    if (servesTls() && !asksOverTls) {
      report.block(
          ConditionReason.INVALID_SPEC,
          "serves HTTPS itself (--ssl_keyfile_path or a probe with scheme HTTPS), and spec.proxy.tls.mode is"
              + " Disabled. Remove it, and name the authority and name of the pods' certificate in spec.proxy.tls.");
    }
    checkStrategy();
    for (String autoscaler : autoscalers) {
      report.warn(
          "is scaled by HorizontalPodAutoscaler "
              + autoscaler
              + ". It rests while a rotation has scaled the workload to zero; KEDA does not, unless its ScaledObject"
              + " has the annotation autoscaling.keda.sh/paused.");
    }
  }

  private boolean servesTls() {
    return Stream.of(container.getReadinessProbe(), container.getLivenessProbe())
            .anyMatch(
                probe ->
                    probe != null
                        && probe.getHttpGet() != null
                        && "HTTPS".equals(probe.getHttpGet().getScheme()))
        || Stream.concat(container.getCommand().stream(), container.getArgs().stream())
            .anyMatch(argument -> argument.contains("--ssl_keyfile_path"))
        || container.getEnv().stream()
            .anyMatch(variable -> "SSL_KEYFILE_PATH".equals(variable.getName()));
  }

  private void checkStrategy() {
    DeploymentStrategy strategy = deployment.getSpec().getStrategy();
    if (strategy == null) {
      return;
    }
    if ("Recreate".equals(strategy.getType())) {
      report.warn("has strategy Recreate: every restart is a gap.");
    } else if (strategy.getRollingUpdate() != null
        && takesAll(strategy.getRollingUpdate().getMaxUnavailable())) {
      report.warn("may lose all its pods at once in a restart (maxUnavailable).");
    }
  }

  private boolean takesAll(@Nullable IntOrString maxUnavailable) {
    if (maxUnavailable == null) {
      return false;
    }
    Integer wanted = deployment.getSpec().getReplicas();
    int replicas = wanted == null ? 1 : wanted;
    return maxUnavailable.getIntVal() != null
        ? maxUnavailable.getIntVal() >= replicas
        : "100%".equals(maxUnavailable.getStrVal());
  }
}
