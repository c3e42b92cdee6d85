package dev.keyrotation.controller;

import dev.keyrotation.database.DatabaseProvider;
import dev.keyrotation.database.PostgresDatabases;
import dev.keyrotation.database.ReencryptionRunner;
import dev.keyrotation.engine.RotationEngine;
import dev.keyrotation.envfile.EnvironmentFileConsumer;
import dev.keyrotation.host.HostConnections;
import dev.keyrotation.host.Hosts;
import dev.keyrotation.key.ComposedKeyStore;
import dev.keyrotation.key.ConnectionMarks;
import dev.keyrotation.key.KeyCopies;
import dev.keyrotation.key.KeyStore;
import dev.keyrotation.key.SecretConnectionMarks;
import dev.keyrotation.key.SecretConsumer;
import dev.keyrotation.key.SecretCopies;
import dev.keyrotation.key.SecretRevisions;
import dev.keyrotation.key.SecretValues;
import dev.keyrotation.leader.Leadership;
import dev.keyrotation.metrics.RotationMetrics;
import dev.keyrotation.observe.StateObserver;
import dev.keyrotation.plan.Planner;
import dev.keyrotation.proxy.HttpProxies;
import dev.keyrotation.redis.AuthCaches;
import dev.keyrotation.redis.RedisAuthCaches;
import dev.keyrotation.status.StatusFactory;
import dev.keyrotation.step.StepExecutor;
import dev.keyrotation.systemd.SystemdWorkloads;
import dev.keyrotation.workload.DeploymentWorkloads;
import dev.keyrotation.workload.MixedWorkloads;
import dev.keyrotation.workload.PodLogs;
import dev.keyrotation.workload.Workloads;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.javaoperatorsdk.operator.api.monitoring.AggregatedMetrics;
import io.javaoperatorsdk.operator.api.monitoring.Metrics;
import io.javaoperatorsdk.operator.monitoring.micrometer.MicrometerMetricsV2;
import io.micrometer.core.instrument.MeterRegistry;
import jakarta.enterprise.context.Dependent;
import jakarta.enterprise.inject.Produces;
import jakarta.enterprise.inject.Typed;
import jakarta.inject.Singleton;
import java.security.SecureRandom;
import java.time.Clock;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.Executors;

/**
 * Puts the engine together for a cluster. The one place that knows which adapter stands behind
 * which port.
 */
@Dependent
class EngineProducer {

  @Produces
  @Singleton
  RotationEngine engine(
      KubernetesClient client, Clock clock, WatchedRivals rivals, ClusterAudit audit) {
    SecretValues secrets = new SecretValues(client);
    HttpProxies proxies = new HttpProxies(secrets::authorities);
    SecureRandom random = new SecureRandom();
    Hosts hosts = HostConnections.inCluster(secrets::privateKey);
    EnvironmentFileConsumer files = new EnvironmentFileConsumer(hosts);
    KeyStore keys =
        new ComposedKeyStore(
            new SecretRevisions(client), List.of(new SecretConsumer(client), files));
    SystemdWorkloads units = new SystemdWorkloads(hosts, files, proxies::isReady, random);
    Workloads deployments = new DeploymentWorkloads(client);
    Workloads workloads =
        new MixedWorkloads(deployments, new PodLogs(client, deployments), units, units);
    DatabaseProvider databases = new PostgresDatabases(secrets::databaseUrl, secrets::authorities);
    AuthCaches caches = new RedisAuthCaches(secrets::redisUrl);
    ConnectionMarks marks = new SecretConnectionMarks(client);
    KeyCopies copies = new SecretCopies(client);
    ReencryptionRunner runner = new ReencryptionRunner(Executors.newVirtualThreadPerTaskExecutor());
    return new RotationEngine(
        new StateObserver(
            keys, workloads, proxies, databases, caches, marks, copies, runner, rivals, audit,
            random),
        new Planner(),
        new StepExecutor(keys, workloads, databases, caches, marks, copies, runner, random),
        new StatusFactory(),
        clock,
        process(random));
  }

  /** The pod's name for people, and a random part: a container that restarts is a new process. */
  private static String process(SecureRandom random) {
    String host = System.getenv().getOrDefault("HOSTNAME", "keyrotation");
    return host + "-" + HexFormat.of().toHexDigits(random.nextInt());
  }

  @Produces
  @Singleton
  Clock clock() {
    return Clock.systemUTC();
  }

  @Produces
  @Singleton
  WatchedRivals rivals() {
    return new WatchedRivals();
  }

  @Produces
  @Singleton
  LiveResource liveResource(KubernetesClient client) {
    return new LiveResource(client);
  }

  @Produces
  @Singleton
  ClusterAudit audit(KubernetesClient client, RotationMetrics metrics, Clock clock) {
    return new ClusterAudit(
        new AuditStore(client), new EventRecorder(client, clock), metrics, clock);
  }

  @Produces
  @Singleton
  TurnReporter turnReporter(KubernetesClient client, RotationMetrics metrics, Clock clock) {
    return new TurnReporter(new EventRecorder(client, clock), metrics, clock);
  }

  @Produces
  @Singleton
  @Typed(RotationMetrics.class) // and not as the framework's Metrics, of which there is one below
  RotationMetrics rotationMetrics(MeterRegistry registry, Leadership leadership) {
    return new RotationMetrics(registry, leadership::leads);
  }

  /** Takes the place of the extension's own: the framework's metrics, and ours beside them. */
  @Produces
  @Singleton
  Metrics metrics(MeterRegistry registry, RotationMetrics ours) {
    return new AggregatedMetrics(List.of(MicrometerMetricsV2.newBuilder(registry).build(), ours));
  }
}
