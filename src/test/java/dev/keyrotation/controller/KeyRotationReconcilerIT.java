package dev.keyrotation.controller;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.RotationResult;
import dev.keyrotation.api.v1alpha1.StepName;
import dev.keyrotation.audit.AuditChain;
import dev.keyrotation.audit.AuditEvent;
import dev.keyrotation.audit.AuditRecord;
import dev.keyrotation.cluster.AuditMaps;
import dev.keyrotation.cluster.TestCluster;
import dev.keyrotation.database.ReencryptionRunner;
import dev.keyrotation.engine.FakeWorld;
import dev.keyrotation.engine.RotationEngine;
import dev.keyrotation.key.ComposedKeyStore;
import dev.keyrotation.key.ConnectionMarks;
import dev.keyrotation.key.KeyCopies;
import dev.keyrotation.key.KeyMaterial;
import dev.keyrotation.key.KeySet;
import dev.keyrotation.key.KeyStore;
import dev.keyrotation.key.SecretConsumer;
import dev.keyrotation.key.SecretRevisions;
import dev.keyrotation.metrics.RotationMetrics;
import dev.keyrotation.observe.StateObserver;
import dev.keyrotation.plan.Planner;
import dev.keyrotation.plan.Statuses;
import dev.keyrotation.status.StatusFactory;
import dev.keyrotation.step.StepExecutor;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.fabric8.kubernetes.client.utils.Serialization;
import io.javaoperatorsdk.operator.Operator;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * The reconciler on a real API server: status by server-side apply, events, key Secrets, finalizer.
 * Instances and database are those of the small world, because without a node no pod would run; the
 * end-to-end tests have real ones.
 */
@Tag("cluster")
class KeyRotationReconcilerIT {
  private static final KeySet OLD =
      new KeySet(
          KeyMaterial.of("sk-canary-old-master-0123456789"),
          KeyMaterial.of("sk-canary-old-salt-0123456789"));

  @AutoClose private final TestCluster cluster = TestCluster.connect();
  private final KubernetesClient client = cluster.client();
  private FakeWorld world;
  private Operator operator;
  private WatchedRivals rivals;
  private ScheduledExecutorService time;

  @BeforeEach
  void start() {
    world = new FakeWorld(OLD, 2, 7);
    client
        .resource(
            new SecretBuilder()
                .withNewMetadata()
                .withName("litellm-keys")
                .withNamespace(cluster.namespace())
                .endMetadata()
                .withStringData(
                    Map.of(
                        "LITELLM_MASTER_KEY", OLD.master().reveal(),
                        "LITELLM_SALT_KEY", OLD.salt().reveal(),
                        "LITELLM_SMOKE_TEST_KEY", OLD.master().reveal(),
                        "UNRELATED", "left alone"))
                .build())
        .create();
    time = Executors.newSingleThreadScheduledExecutor();
    time.scheduleAtFixedRate(this::tick, 100, 100, TimeUnit.MILLISECONDS);
    startOperator();
  }

  /** Pods of the small world read the real Secret when they start. */
  private synchronized void tick() {
    if (new ComposedKeyStore(new SecretRevisions(client), List.of(new SecretConsumer(client)))
            .consumer(resource())
        instanceof KeyStore.Consumer.Usable found) {
      world.consumer = found.keys();
    }
    world.tick();
  }

  private void startOperator() {
    rivals = new WatchedRivals();
    operator =
        new Operator(
            overrider -> overrider.withKubernetesClient(client).withCloseClientOnStop(false));
    operator.register(
        reconciler(), configuration -> configuration.settingNamespace(cluster.namespace()));
    operator.start();
  }

  private KeyRotationReconciler reconciler() {
    KeyStore keys =
        new ComposedKeyStore(new SecretRevisions(client), List.of(new SecretConsumer(client)));
    ReencryptionRunner runner = new ReencryptionRunner(Executors.newVirtualThreadPerTaskExecutor());
    SecureRandom random = new SecureRandom();
    RotationMetrics metrics = new RotationMetrics(new SimpleMeterRegistry(), () -> true);
    EventRecorder events = new EventRecorder(client, Clock.systemUTC());
    ClusterAudit audit =
        new ClusterAudit(new AuditStore(client), events, metrics, Clock.systemUTC());
    RotationEngine engine =
        new RotationEngine(
            new StateObserver(
                keys,
                world.workloads(),
                world.proxies(),
                rotation -> world.database(),
                ConnectionMarks.unsupported(),
                KeyCopies.unsupported(),
                runner,
                rivals,
                audit,
                random),
            new Planner(),
            new StepExecutor(
                keys,
                world.workloads(),
                rotation -> world.database(),
                ConnectionMarks.unsupported(),
                KeyCopies.unsupported(),
                runner,
                random),
            new StatusFactory(),
            Clock.systemUTC(),
            "test-" + random.nextInt());
    return new KeyRotationReconciler(
        engine,
        new LiveResource(client),
        new TurnReporter(events, metrics, Clock.systemUTC()),
        rivals,
        audit);
  }

  @AfterEach
  void stop() {
    operator.stop();
    time.shutdownNow();
    client
        .resources(KeyRotation.class)
        .inNamespace(cluster.namespace())
        .list()
        .getItems()
        .forEach(
            r ->
                client
                    .resource(r)
                    .edit(
                        it -> {
                          it.getMetadata().setFinalizers(List.of());
                          return it;
                        }));
  }

  private KeyRotation resource() {
    KeyRotation resource =
        Serialization.unmarshal(
            """
            apiVersion: keyrotation.dev/v1alpha1
            kind: KeyRotation
            metadata: {name: litellm}
            spec:
              keys: [Master, Salt]
              secretRef: {name: litellm-keys, mirrors: [LITELLM_SMOKE_TEST_KEY]}
              database: {urlFrom: {secretKeyRef: {name: litellm-db, key: DATABASE_URL}}}
              workloads: [{deployment: {name: litellm}}]
              rotate: {request: first}
              stabilityPeriod: 1s
            """,
            KeyRotation.class);
    resource.getMetadata().setNamespace(cluster.namespace());
    return resource;
  }

  private KeyRotation stored() {
    return client
        .resources(KeyRotation.class)
        .inNamespace(cluster.namespace())
        .withName("litellm")
        .get();
  }

  private void awaitResult() {
    await()
        .atMost(Duration.ofSeconds(60))
        .untilAsserted(
            () ->
                assertThat(Statuses.of(stored()).lastResult()).isEqualTo(RotationResult.SUCCEEDED));
  }

  /** The audit when it tells that the rotation has ended. */
  private ConfigMap awaitAudit() {
    return await()
        .atMost(Duration.ofSeconds(20))
        .until(
            () ->
                client
                    .configMaps()
                    .inNamespace(cluster.namespace())
                    .withName("litellm-audit")
                    .get(),
            found -> found != null && AuditMaps.text(found).contains("\"event\":\"Ended\""));
  }

  private String value(String secret, String key) {
    Secret found = client.secrets().inNamespace(cluster.namespace()).withName(secret).get();
    return new String(Base64.getDecoder().decode(found.getData().get(key)), StandardCharsets.UTF_8);
  }

  @Test
  void rotationIsRecordedInStatusEventsAndSecretsAndNoKeyIsShown() {
    client.resource(resource()).create();

    awaitResult();

    String master = value("litellm-r2", "master");
    assertThat(value("litellm-keys", "LITELLM_MASTER_KEY")).isEqualTo(master);
    assertThat(value("litellm-keys", "LITELLM_SMOKE_TEST_KEY")).isEqualTo(master);
    assertThat(value("litellm-keys", "UNRELATED")).isEqualTo("left alone");
    assertThat(value("litellm-r1", "master")).isEqualTo(OLD.master().reveal());
    assertThat(
            client
                .secrets()
                .inNamespace(cluster.namespace())
                .withName("litellm-r2")
                .get()
                .getImmutable())
        .isTrue();
    KeyRotation stored = stored();
    assertThat(Statuses.of(stored).conditions())
        .anySatisfy(
            condition -> {
              assertThat(condition.getType()).isEqualTo("Rotated");
              assertThat(condition.getStatus()).isEqualTo("True");
            });
    List<Event> events =
        client.v1().events().inNamespace(cluster.namespace()).list().getItems().stream()
            .filter(event -> "KeyRotation".equals(event.getInvolvedObject().getKind()))
            .toList();
    assertThat(events).extracting(Event::getReason).contains("Rotating", "RotationSucceeded");
    ConfigMap audit = awaitAudit();
    List<AuditRecord> lines = AuditMaps.lines(audit).stream().map(AuditChain::read).toList();
    assertThat(lines.getFirst().entry().event()).isEqualTo(AuditEvent.BEGUN);
    assertThat(lines.getFirst().entry().actor()).startsWith("field manager ");
    assertThat(lines).extracting(line -> line.entry().step()).contains(StepName.CLOSE_GRACE);
    assertThat(AuditChain.check(AuditMaps.lines(audit)))
        .isInstanceOf(AuditChain.Check.Intact.class);
    String shown =
        Serialization.asYaml(stored) + Serialization.asYaml(events) + Serialization.asYaml(audit);
    assertThat(shown)
        .doesNotContain(
            master,
            value("litellm-r2", "salt"),
            OLD.master().reveal(),
            OLD.salt().reveal(),
            KeyMaterial.of(master).tokenHash());
  }

  @Test
  void restartedOperatorRotatesNothingAgain() {
    client.resource(resource()).create();
    awaitResult();
    String version =
        client
            .secrets()
            .inNamespace(cluster.namespace())
            .withName("litellm-keys")
            .get()
            .getMetadata()
            .getResourceVersion();
    int changes = world.changes().size();

    operator.stop();
    startOperator();
    client
        .resources(KeyRotation.class)
        .inNamespace(cluster.namespace())
        .withName("litellm")
        .patch(PatchContext.of(PatchType.JSON_MERGE), "{\"spec\":{\"stepDeadline\":\"20m\"}}");
    await()
        .atMost(Duration.ofSeconds(20))
        .until(
            () ->
                stored()
                    .getMetadata()
                    .getGeneration()
                    .equals(Statuses.of(stored()).observedGeneration()));

    assertThat(world.changes()).hasSize(changes);
    assertThat(
            client
                .secrets()
                .inNamespace(cluster.namespace())
                .withName("litellm-keys")
                .get()
                .getMetadata()
                .getResourceVersion())
        .isEqualTo(version);
  }

  @Test
  void twoThatNameTheSameSecretAreRefused() {
    client.resource(resource()).create();
    awaitResult();
    KeyRotation rival = resource();
    rival.getMetadata().setName("rival");

    client.resource(rival).create();

    await()
        .atMost(Duration.ofSeconds(20))
        .untilAsserted(
            () ->
                assertThat(
                        Statuses.of(client.resource(rival).get()).conditions().stream()
                            .map(condition -> condition.getMessage()))
                    .anyMatch(
                        message ->
                            message.contains("KeyRotation litellm rotates the same Secret")));
    assertThat(Statuses.of(client.resource(rival).get()).rotation()).isNull();
  }

  @Test
  void operatorThatSleptThroughARotationChangesNothing() {
    KeyRotation stale = client.resource(resource()).create();
    awaitResult();
    await() // the running operator's first look after the end, which words Ready anew
        .atMost(Duration.ofSeconds(20))
        .until(
            () ->
                Statuses.of(stored()).conditions().stream()
                    .anyMatch(c -> c.getMessage().contains("run on the keys of revision 2")));
    KeyRotation before = stored();
    List<String> changes = world.changes();

    boolean updates = !reconciler().reconcile(stale, null).isNoUpdate();

    assertThat(updates).isFalse();
    assertThat(world.changes()).isEqualTo(changes);
    assertThat(Statuses.of(stored())).isEqualTo(Statuses.of(before));
    assertThat(client.secrets().inNamespace(cluster.namespace()).withName("litellm-r3").get())
        .isNull();
  }

  @Test
  void deletedResourceEndsItsRotationFirst() {
    client.resource(resource()).create();
    await().atMost(Duration.ofSeconds(20)).until(() -> Statuses.of(stored()).rotation() != null);

    client
        .resources(KeyRotation.class)
        .inNamespace(cluster.namespace())
        .withName("litellm")
        .delete();

    await().atMost(Duration.ofSeconds(60)).until(() -> stored() == null);
    assertThat(world.values).containsOnly(world.consumer.encryption());
    assertThat(world.consumer).isNotEqualTo(OLD);
    assertThat(value("litellm-keys", "LITELLM_SALT_KEY")).isEqualTo(world.consumer.salt().reveal());
  }

  @Test
  void resourceThatIsDeletedAtRestReleasesItsDatabase() {
    client.resource(resource()).create();
    awaitResult();

    client
        .resources(KeyRotation.class)
        .inNamespace(cluster.namespace())
        .withName("litellm")
        .delete();

    await().atMost(Duration.ofSeconds(20)).until(() -> stored() == null);
    assertThat(world.changes()).last().isEqualTo("release the claim");
  }

  @Test
  void missingSecretBecomesAConditionThatSaysWhatToDo() {
    KeyRotation resource = resource();
    resource.setSpec(
        Serialization.unmarshal(
                Serialization.asYaml(resource).replace("litellm-keys", "no-such-secret"),
                KeyRotation.class)
            .getSpec());

    client.resource(resource).create();

    await()
        .atMost(Duration.ofSeconds(20))
        .untilAsserted(
            () ->
                assertThat(Statuses.of(stored()).conditions())
                    .anySatisfy(
                        condition -> {
                          assertThat(condition.getType()).isEqualTo("Stalled");
                          assertThat(condition.getReason()).isEqualTo("SecretNotFound");
                          assertThat(condition.getMessage()).contains("no-such-secret");
                        }));
    assertThat(Statuses.of(stored()).rotation()).isNull();
  }
}
