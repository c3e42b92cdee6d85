package dev.keyrotation.cli;

import dev.keyrotation.api.v1alpha1.CaSource;
import dev.keyrotation.api.v1alpha1.DatabaseSpec;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.KeyRotationSpec;
import dev.keyrotation.api.v1alpha1.WorkloadSpec;
import dev.keyrotation.cluster.ClusterRivals;
import dev.keyrotation.database.DatabaseProvider;
import dev.keyrotation.database.PostgresDatabases;
import dev.keyrotation.database.ReencryptionRunner;
import dev.keyrotation.database.RotationDatabase;
import dev.keyrotation.engine.RotationEngine;
import dev.keyrotation.envfile.EnvironmentFileConsumer;
import dev.keyrotation.envfile.HostUrls;
import dev.keyrotation.host.HostConnections;
import dev.keyrotation.host.Hosts;
import dev.keyrotation.host.LocalHost;
import dev.keyrotation.key.ComposedKeyStore;
import dev.keyrotation.key.ConnectionMarks;
import dev.keyrotation.key.FileRevisions;
import dev.keyrotation.key.KeyCopies;
import dev.keyrotation.key.KeyStore;
import dev.keyrotation.key.SecretConnectionMarks;
import dev.keyrotation.key.SecretConsumer;
import dev.keyrotation.key.SecretCopies;
import dev.keyrotation.key.SecretValues;
import dev.keyrotation.observe.AuditTrail;
import dev.keyrotation.observe.LiveCheck;
import dev.keyrotation.observe.Rivals;
import dev.keyrotation.observe.StateObserver;
import dev.keyrotation.plan.Planner;
import dev.keyrotation.proxy.HttpProxies;
import dev.keyrotation.proxy.Proxies;
import dev.keyrotation.status.StatusFactory;
import dev.keyrotation.step.StepExecutor;
import dev.keyrotation.systemd.SystemdWorkloads;
import dev.keyrotation.tls.CaReader;
import dev.keyrotation.workload.DeploymentWorkloads;
import dev.keyrotation.workload.MixedWorkloads;
import dev.keyrotation.workload.PodLogs;
import dev.keyrotation.workload.Workloads;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.security.SecureRandom;
import java.time.Clock;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Executors;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The one place of the command that knows which adapter stands behind which port. */
final class LocalEngines implements HostEngines {
  private final SecureRandom random = new SecureRandom();
  private final Clock clock = Clock.systemUTC();
  private final Supplier<KubernetesClient> cluster;

  LocalEngines(Supplier<KubernetesClient> cluster) {
    this.cluster = cluster;
  }

  @Override
  public HostEngines withCluster(Supplier<KubernetesClient> client) {
    return new LocalEngines(client);
  }

  private record Adapters(
      KeyStore keys,
      Workloads workloads,
      Proxies proxies,
      DatabaseProvider databases,
      ConnectionMarks marks,
      KeyCopies copies,
      Rivals rivals,
      Hosts hosts) {}

  private Adapters adapters(KeyRotation resource, StateDirectory directory) {
    HostConnections hosts = HostConnections.ofCommand(System.getenv("SSH_AUTH_SOCK"));
    EnvironmentFileConsumer files = new EnvironmentFileConsumer(hosts);
    FileRevisions revisions = new FileRevisions(directory.keys());
    HostUrls urls = new HostUrls(new LocalHost(), System::getenv);
    if (!needsCluster(resource.getSpec())) {
      HttpProxies proxies = new HttpProxies(urls::authorities);
      SystemdWorkloads units = new SystemdWorkloads(hosts, files, proxies::isReady, random);
      return new Adapters(
          new ComposedKeyStore(revisions, List.of(files)),
          units,
          proxies,
          new PostgresDatabases(urls::databaseUrl, urls::authorities),
          ConnectionMarks.unsupported(),
          KeyCopies.unsupported(),
          Rivals.none(),
          hosts);
    }
    KubernetesClient client = cluster.get();
    SecretValues secrets = new SecretValues(client);
    CaReader authorities =
        (owner, source, field) ->
            source.file() == null
                ? secrets.authorities(owner, source, field)
                : urls.authorities(owner, source, field);
    Workloads deployments = new DeploymentWorkloads(client);
    HttpProxies proxies = new HttpProxies(authorities);
    SystemdWorkloads units = new SystemdWorkloads(hosts, files, proxies::isReady, random);
    return new Adapters(
        new ComposedKeyStore(revisions, List.of(new SecretConsumer(client), files)),
        new MixedWorkloads(deployments, new PodLogs(client, deployments), units, units),
        proxies,
        new PostgresDatabases(
            (owner, source) ->
                source.secretKeyRef() == null
                    ? urls.databaseUrl(owner, source)
                    : secrets.databaseUrl(owner, source),
            authorities),
        new SecretConnectionMarks(client),
        new SecretCopies(client),
        new ClusterRivals(client),
        hosts);
  }

  private static boolean needsCluster(KeyRotationSpec spec) {
    DatabaseSpec database = spec.database();
    return spec.secretRef() != null
        || isInCluster(spec.proxy().tls().caFrom())
        || spec.workloads().stream().map(WorkloadSpec::deployment).anyMatch(d -> d != null)
        || (database != null && isInCluster(database));
  }

  private static boolean isInCluster(DatabaseSpec database) {
    return database.urlFrom().secretKeyRef() != null || isInCluster(database.tls().caFrom());
  }

  private static boolean isInCluster(@Nullable CaSource authorities) {
    return authorities != null && authorities.file() == null;
  }

  @Override
  public RotationEngine engine(KeyRotation resource, StateDirectory directory) {
    Adapters to = adapters(resource, directory);
    ReencryptionRunner runner = new ReencryptionRunner(Executors.newVirtualThreadPerTaskExecutor());
    return new RotationEngine(
        new StateObserver(
            to.keys(),
            to.workloads(),
            to.proxies(),
            to.databases(),
            to.marks(),
            to.copies(),
            runner,
            to.rivals(),
            AuditTrail.elsewhere(),
            random),
        new Planner(),
        new StepExecutor(
            to.keys(), to.workloads(), to.databases(), to.marks(), to.copies(), runner, random),
        new StatusFactory(),
        clock,
        "host-" + HexFormat.of().toHexDigits(random.nextLong()));
  }

  @Override
  public LiveCheck liveCheck(KeyRotation resource, StateDirectory directory) {
    Adapters to = adapters(resource, directory);
    return new LiveCheck(to.keys(), to.workloads(), to.proxies(), to.databases(), random);
  }

  @Override
  public RotationDatabase database(KeyRotation resource, StateDirectory directory) {
    return adapters(resource, directory).databases().open(resource);
  }

  @Override
  public List<Backend.Check> environment(KeyRotation resource, StateDirectory directory) {
    List<Backend.Check> checks = new ArrayList<>(HostChecks.of(directory));
    try {
      Adapters to = adapters(resource, directory);
      checks.addAll(ClockChecks.of(resource, to.databases(), to.hosts(), clock));
      if (needsCluster(resource.getSpec())) {
        checks.add(ClockChecks.ofCluster(cluster.get(), clock));
      }
    } catch (CommandFailure e) {
      checks.add(
          new Backend.Check(
              "clocks", Backend.Outcome.UNCLEAR, Objects.toString(e.getMessage(), "")));
    }
    return List.copyOf(checks);
  }
}
