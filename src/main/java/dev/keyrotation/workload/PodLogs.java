package dev.keyrotation.workload;

import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.api.v1alpha1.DeploymentTarget;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.WorkloadSpec;
import dev.keyrotation.cluster.ClusterCall;
import dev.keyrotation.failure.Recovery;
import dev.keyrotation.failure.RotationException;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import org.jspecify.annotations.Nullable;

/**
 * Looks through the logs of a Deployment's pods. Lines are counted as they come and none is kept.
 * Needs {@code get} on {@code pods/log} and Deployments, {@code list} on pods and ReplicaSets.
 */
public final class PodLogs implements LogScan {
  /** Of each pod and look. What is logged beyond it between two looks is not looked at. */
  private static final int MOST_BYTES = 16 << 20;

  /** Longer lines are looked at in pieces, so that no line can fill the memory. */
  private static final int LONGEST_LINE = 64 << 10;

  private final KubernetesClient client;
  private final Workloads deployments;

  public PodLogs(KubernetesClient client, Workloads deployments) {
    this.client = client;
    this.deployments = deployments;
  }

  @Override
  public Counts scan(KeyRotation owner, WorkloadSpec workload) {
    return scan(owner, workload, Instant.EPOCH);
  }

  @Override
  public Counts scan(KeyRotation owner, WorkloadSpec workload, Instant since) {
    KeyTrouble trouble = new KeyTrouble();
    DeploymentTarget target = workload.deployment();
    String namespace = owner.getMetadata().getNamespace();
    String container = target == null ? null : container(namespace, target);
    if (container != null) {
      for (Workloads.Instance pod : deployments.observe(owner, workload).instances()) {
        read(namespace, pod.name(), container, since, trouble);
      }
    }
    return trouble.counts();
  }

  /** Null when it cannot be told which one runs LiteLLM; preflight says so. */
  private @Nullable String container(String namespace, DeploymentTarget target) {
    Deployment deployment =
        ClusterCall.<@Nullable Deployment>of(
            "read Deployment " + namespace + "/" + target.name(),
            () -> client.apps().deployments().inNamespace(namespace).withName(target.name()).get());
    return deployment != null
            && LiteLlmContainer.in(deployment.getSpec().getTemplate().getSpec(), target)
                instanceof LiteLlmContainer.Found found
        ? found.container().getName()
        : null;
  }

  private void read(
      String namespace, String pod, String container, Instant since, KeyTrouble trouble) {
    String doing = "read the log of pod " + namespace + "/" + pod;
    try (InputStream stream =
            client
                .pods()
                .inNamespace(namespace)
                .withName(pod)
                .inContainer(container)
                .limitBytes(MOST_BYTES)
                .sinceTime(since.truncatedTo(ChronoUnit.SECONDS).toString())
                .getLogInputStream();
        Reader log = new BufferedReader(new InputStreamReader(stream, StandardCharsets.UTF_8))) {
      lines(log, trouble);
    } catch (KubernetesClientException e) {
      throw ClusterCall.failure(doing, e);
    } catch (IOException e) {
      throw new RotationException(
          ConditionReason.CLUSTER_UNAVAILABLE,
          Recovery.RETRY,
          "Cannot " + doing + ": the connection broke.");
    }
  }

  private static void lines(Reader log, KeyTrouble trouble) throws IOException {
    StringBuilder line = new StringBuilder();
    for (int next = log.read(); next >= 0; next = log.read()) {
      if (next != '\n' && line.length() < LONGEST_LINE) {
        line.append((char) next);
      } else {
        trouble.add(line.toString());
        line.setLength(0);
      }
    }
    trouble.add(line.toString());
  }
}
