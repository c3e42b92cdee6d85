package dev.keyrotation.cli;

import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Which resource is meant: one in a file, for this host, or one in a cluster. */
final class TargetOptions {
  @Spec(Spec.Target.MIXEE)
  @SuppressWarnings("NullAway.Init") // picocli sets it
  CommandSpec spec;

  @Parameters(
      arity = "0..1",
      paramLabel = "NAME",
      description = "Name of a KeyRotation in a cluster: the operator there does the work.")
  @Nullable String name;

  @Option(
      names = {"-f", "--file"},
      paramLabel = "FILE",
      description = "File with a KeyRotation: this command does the work itself, here.")
  @Nullable Path file;

  @Option(
      names = "--state-dir",
      paramLabel = "DIR",
      description =
          "Where this host keeps the state and the keys; default: /var/lib/keyrotation/NAME-OF-THE-RESOURCE.")
  @Nullable Path stateDirectory;

  @Option(
      names = {"-n", "--namespace"},
      paramLabel = "NAMESPACE",
      description = "Namespace in the cluster; default: that of the context.")
  @Nullable String namespace;

  @Option(
      names = "--context",
      paramLabel = "CONTEXT",
      description = "Context of the kubeconfig; default: the current one.")
  @Nullable String context;

  @Option(
      names = "--kubeconfig",
      paramLabel = "FILE",
      description = "The kubeconfig; default: $KUBECONFIG, else ~/.kube/config.")
  @Nullable Path kubeconfig;

  /** Opens what the options name. */
  Backend open(HostEngines engines, Stop stop, Duration patience) {
    if ((file == null) == (name == null)) {
      throw new ParameterException(
          spec.commandLine(),
          "Name either a file (-f FILE, for this host) or a resource in a cluster (NAME).");
    }
    if (file != null) {
      if (namespace != null) {
        throw new ParameterException(
            spec.commandLine(), "-n goes with NAME; with -f the file names the namespace.");
      }
      return new HostBackend(
          file,
          stateDirectory,
          engines.withCluster(this::client),
          stop,
          patience,
          this::warn,
          Clock.systemUTC());
    }
    if (stateDirectory != null) {
      throw new ParameterException(spec.commandLine(), "--state-dir goes with -f, not with NAME.");
    }
    return cluster(java.util.Objects.requireNonNull(name), stop, patience);
  }

  private Backend cluster(String resource, Stop stop, Duration patience) {
    KubernetesClient client = client();
    String where = namespace != null ? namespace : client.getConfiguration().getNamespace();
    return new ClusterBackend(
        client, where == null ? "default" : where, resource, stop, patience, Clock.systemUTC());
  }

  private KubernetesClient client() {
    return new KubernetesClientBuilder().withConfig(config()).build();
  }

  private Config config() {
    if (kubeconfig == null) {
      return Config.autoConfigure(context);
    }
    try {
      return Config.fromKubeconfig(context, kubeconfig.toFile());
    } catch (KubernetesClientException e) {
      throw new CommandFailure(
          ExitCode.BAD_INPUT, "The kubeconfig " + kubeconfig + " cannot be read.", e);
    }
  }

  private void warn(String sentence) {
    spec.commandLine().getErr().println("Warning: " + sentence);
    spec.commandLine().getErr().flush();
  }
}
