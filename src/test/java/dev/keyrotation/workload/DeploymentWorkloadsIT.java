package dev.keyrotation.workload;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.WorkloadSpec;
import dev.keyrotation.cluster.TestCluster;
import dev.keyrotation.cluster.TestRotations;
import dev.keyrotation.failure.RotationException;
import dev.keyrotation.failure.SupersededException;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What the mock server does not know: server-side apply, the scale subresource, controllers. */
@Tag("cluster")
class DeploymentWorkloadsIT {
  private static final WorkloadSpec WORKLOAD = WorkloadSpec.ofDeployment("litellm");
  private static final String STAMP = "litellm-r2/Forward";

  @AutoClose private static final TestCluster cluster = TestCluster.connect();
  private static final KubernetesClient client = cluster.client();

  private KeyRotation owner;
  private DeploymentWorkloads workloads;

  @BeforeEach
  void start() {
    owner = TestRotations.in(cluster.namespace());
    workloads = new DeploymentWorkloads(client);
  }

  @AfterEach
  void deleteAll() {
    client.apps().deployments().inNamespace(cluster.namespace()).delete();
    client.configMaps().inNamespace(cluster.namespace()).withName("litellm-config").delete();
  }

  private static void create(String fixture) {
    Fixture.of(fixture)
        .with("namespace: ai", "namespace: " + cluster.namespace())
        .with(", uid: d-1, generation: 3", "")
        .create(client);
  }

  private static Deployment live() {
    return client
        .apps()
        .deployments()
        .inNamespace(cluster.namespace())
        .withName("litellm")
        .require();
  }

  @Test
  void stampReachesTemplateWithoutAnyAnnotationAndItsPods() {
    create("plain");
    assertThat(live().getSpec().getTemplate().getMetadata().getAnnotations()).isNullOrEmpty();

    workloads.stamp(owner, WORKLOAD, STAMP);

    await()
        .atMost(Duration.ofSeconds(30))
        .untilAsserted(
            () -> {
              Workloads.State state = workloads.observe(owner, WORKLOAD);
              assertThat(state.stamp()).isEqualTo(STAMP);
              assertThat(state.settled()).isFalse();
              assertThat(state.instances())
                  .filteredOn(instance -> STAMP.equals(instance.stamp()))
                  .isNotEmpty();
            });
  }

  @Test
  void stampChangesNothingElseOfTheDeployment() {
    create("plain");
    Deployment before = live();

    workloads.stamp(owner, WORKLOAD, STAMP);

    Deployment after = live();
    assertThat(after.getSpec().getTemplate().getMetadata().getAnnotations())
        .isEqualTo(Map.of("keyrotation.dev/revision", STAMP));
    after
        .getSpec()
        .getTemplate()
        .getMetadata()
        .setAnnotations(before.getSpec().getTemplate().getMetadata().getAnnotations());
    assertThat(after.getSpec()).isEqualTo(before.getSpec());
  }

  @Test
  void stampingTwiceStartsNoSecondRollOut() {
    create("plain");
    workloads.stamp(owner, WORKLOAD, STAMP);
    long generation = live().getMetadata().getGeneration();

    workloads.stamp(owner, WORKLOAD, STAMP);

    assertThat(live().getMetadata().getGeneration()).isEqualTo(generation);
  }

  @Test
  void stampSurvivesAnotherAppliersApply() {
    Deployment manifest = manifest();
    apply(manifest);
    workloads.stamp(owner, WORKLOAD, STAMP);

    apply(manifest);

    assertThat(workloads.observe(owner, WORKLOAD).stamp()).isEqualTo(STAMP);
  }

  private static Deployment manifest() {
    create("plain");
    Deployment created = live();
    client.resource(created).delete();
    await()
        .atMost(Duration.ofSeconds(20))
        .until(
            () ->
                client
                        .apps()
                        .deployments()
                        .inNamespace(cluster.namespace())
                        .withName("litellm")
                        .get()
                    == null);
    Deployment manifest = new Deployment();
    manifest.setMetadata(
        new ObjectMetaBuilder().withName("litellm").withNamespace(cluster.namespace()).build());
    manifest.setSpec(created.getSpec());
    return manifest;
  }

  private static void apply(Deployment manifest) {
    client
        .resource(manifest)
        .patch(
            new PatchContext.Builder()
                .withPatchType(PatchType.SERVER_SIDE_APPLY)
                .withFieldManager("gitops")
                .withForce(true)
                .build());
  }

  @Test
  void stampCreatesNoDeploymentThatIsGone() {
    assertThatThrownBy(() -> workloads.stamp(owner, WORKLOAD, STAMP))
        .isInstanceOfSatisfying(
            RotationException.class,
            e -> assertThat(e.reason()).isEqualTo(ConditionReason.WORKLOAD_NOT_FOUND));
    assertThat(client.apps().deployments().inNamespace(cluster.namespace()).list().getItems())
        .isEmpty();
  }

  @Test
  void stopScalesToZeroAndSettlesWhenThePodsAreGone() {
    create("plain");

    workloads.stop(owner, WORKLOAD);

    await()
        .atMost(Duration.ofSeconds(30))
        .untilAsserted(
            () -> {
              Workloads.State state = workloads.observe(owner, WORKLOAD);
              assertThat(state.replicas()).isZero();
              assertThat(state.instances()).isEmpty();
              assertThat(state.settled()).isTrue();
            });
  }

  @Test
  void resizeWritesTheNumberAndNothingElse() {
    create("plain");
    Deployment before = live();

    workloads.resize(owner, WORKLOAD, 3);

    Deployment after = live();
    assertThat(after.getSpec().getReplicas()).isEqualTo(3);
    after.getSpec().setReplicas(before.getSpec().getReplicas());
    assertThat(after.getSpec()).isEqualTo(before.getSpec());
  }

  @Test
  void scalingADeploymentThatIsGoneIsAClearFailure() {
    assertThatThrownBy(() -> workloads.resize(owner, WORKLOAD, 3))
        .isInstanceOf(RotationException.class)
        .hasMessageContaining("deployment/litellm does not exist any more");
  }

  // ---- two processes --------------------------------------------------------------------------

  private KeyRotation inEpoch(long number) {
    return TestRotations.inEpoch(owner, number);
  }

  @Test
  void takingOverRestartsNothing() {
    create("plain");
    Deployment before = live();

    workloads.claim(inEpoch(1), WORKLOAD, () -> true);

    assertThat(live().getSpec()).isEqualTo(before.getSpec());
    assertThat(live().getMetadata().getAnnotations())
        .containsEntry("keyrotation.dev/epoch", "1/process-1");
  }

  @Test
  void lateProcessNeitherStopsNorStampsNorResizes() {
    create("plain");
    workloads.claim(inEpoch(1), WORKLOAD, () -> true);
    workloads.stamp(inEpoch(1), WORKLOAD, STAMP);
    workloads.claim(inEpoch(2), WORKLOAD, () -> true);
    Deployment before = live();

    assertThatThrownBy(() -> workloads.stop(inEpoch(1), WORKLOAD))
        .isInstanceOfSatisfying(SupersededException.class, e -> assertThat(e.found()).isEqualTo(2));
    assertThatThrownBy(() -> workloads.stamp(inEpoch(1), WORKLOAD, "litellm-r9/Forward"))
        .isInstanceOf(SupersededException.class);
    assertThatThrownBy(() -> workloads.resize(inEpoch(1), WORKLOAD, 7))
        .isInstanceOf(SupersededException.class);

    assertThat(live().getSpec()).isEqualTo(before.getSpec());
  }

  @Test
  void whatWasReadBeforeTheTakeOverCannotBeWrittenAfterIt() {
    create("plain");
    workloads.claim(inEpoch(1), WORKLOAD, () -> true);
    Deployment read = live();
    workloads.claim(inEpoch(2), WORKLOAD, () -> true);
    DeploymentWriter late = new DeploymentWriter(client, inEpoch(1), "it", () -> read);

    assertThatThrownBy(() -> late.stamp(STAMP)).hasMessageContaining("HTTP 409");
    assertThatThrownBy(() -> late.resize(0)).hasMessageContaining("HTTP 409");

    assertThat(live().getSpec()).isEqualTo(read.getSpec());
  }

  @Test
  void podsThatNoNodeTakesAreNotSettled() {
    create("plain");

    await()
        .atMost(Duration.ofSeconds(30))
        .untilAsserted(
            () -> {
              Workloads.State state = workloads.observe(owner, WORKLOAD);
              assertThat(state.instances()).hasSize(2).allMatch(i -> !i.ready() && i.url() == null);
              assertThat(state.settled()).isFalse();
            });
  }
}
