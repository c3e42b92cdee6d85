package dev.keyrotation.workload;

import static org.assertj.core.api.Assertions.assertThat;

import dev.keyrotation.api.v1alpha1.DeploymentTarget;
import dev.keyrotation.workload.Workloads.Instance;
import dev.keyrotation.workload.Workloads.State;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.OwnerReferenceBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.DeploymentConditionBuilder;
import io.fabric8.kubernetes.api.model.apps.DeploymentStatusBuilder;
import io.fabric8.kubernetes.api.model.apps.ReplicaSet;
import io.fabric8.kubernetes.api.model.apps.ReplicaSetBuilder;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DeploymentStateTest {
  private static final String STAMP = "litellm-r2/Forward";

  private final Deployment deployment = Fixture.of("plain").deployment();
  private final List<ReplicaSet> sets =
      List.of(
          new ReplicaSetBuilder()
              .withNewMetadata()
              .withName("litellm-1")
              .withUid("rs-1")
              .withOwnerReferences(controller("d-1"))
              .endMetadata()
              .build());
  private final List<Pod> pods = new ArrayList<>();

  /** Two replicas, rolled out and available. */
  private void deployment(Consumer<Deployment> change) {
    deployment.setStatus(
        new DeploymentStatusBuilder()
            .withObservedGeneration(deployment.getMetadata().getGeneration())
            .withReplicas(2)
            .withUpdatedReplicas(2)
            .withAvailableReplicas(2)
            .build());
    change.accept(deployment);
  }

  private static OwnerReference controller(String uid) {
    return new OwnerReferenceBuilder().withUid(uid).withController(true).build();
  }

  private static Pod pod(String name, String ip) {
    return new PodBuilder()
        .withNewMetadata()
        .withName(name)
        .withNamespace("ai")
        .addToLabels("app", "litellm")
        .addToAnnotations("keyrotation.dev/revision", STAMP)
        .withOwnerReferences(controller("rs-1"))
        .endMetadata()
        .withNewSpec()
        .addNewContainer()
        .withName("litellm")
        .addNewPort()
        .withContainerPort(4000)
        .endPort()
        .endContainer()
        .endSpec()
        .withNewStatus()
        .withPhase("Running")
        .withPodIP(ip)
        .addNewCondition()
        .withType("Ready")
        .withStatus("True")
        .endCondition()
        .endStatus()
        .build();
  }

  private void create(Pod... created) {
    pods.addAll(List.of(created));
  }

  private State observe() {
    return observe(new DeploymentTarget("litellm", null, null));
  }

  private State observe(DeploymentTarget target) {
    return DeploymentState.of("deployment/litellm", deployment, sets, pods, target, false);
  }

  @Test
  void rolledOutDeploymentIsSettledWithItsInstances() {
    deployment(
        d ->
            d.getSpec()
                .getTemplate()
                .getMetadata()
                .setAnnotations(Map.of("keyrotation.dev/revision", STAMP)));
    create(pod("litellm-1-b", "10.244.0.8"), pod("litellm-1-a", "10.244.0.7"));

    State state = observe();

    assertThat(state)
        .isEqualTo(
            new State(
                "deployment/litellm",
                true,
                2,
                STAMP,
                true,
                null,
                false,
                List.of(
                    new Instance(
                        "litellm-1-a", URI.create("http://10.244.0.7:4000"), STAMP, true, false),
                    new Instance(
                        "litellm-1-b", URI.create("http://10.244.0.8:4000"), STAMP, true, false))));
  }

  @Test
  void templateWithoutAnnotationsHasNoStamp() {
    deployment(d -> d.getSpec().getTemplate().getMetadata().setAnnotations(null));

    State state = observe();

    assertThat(state.stamp()).isNull();
  }

  @ParameterizedTest
  @ValueSource(strings = {"generation", "replicas", "updated", "available", "no status"})
  void deploymentWhoseCountsLagIsNotSettled(String what) {
    deployment(
        d -> {
          switch (what) {
            case "generation" -> d.getStatus().setObservedGeneration(0L);
            case "replicas" -> d.getStatus().setReplicas(3);
            case "updated" -> d.getStatus().setUpdatedReplicas(1);
            case "available" -> d.getStatus().setAvailableReplicas(null);
            default -> d.setStatus(null);
          }
        });
    create(pod("a", "10.244.0.7"), pod("b", "10.244.0.8"));

    State state = observe();

    assertThat(state.settled()).isFalse();
  }

  @Test
  void podOnItsWayOutKeepsTheDeploymentUnsettled() {
    deployment(d -> {});
    Pod old = pod("old", "10.244.0.6");
    old.getMetadata().setDeletionTimestamp("2026-11-24T03:00:00Z");
    create(pod("a", "10.244.0.7"), old);

    State state = observe();

    assertThat(state.settled()).isFalse();
    assertThat(state.instances()).filteredOn(Instance::terminating).hasSize(1);
  }

  @Test
  void podThatTheCountsDoNotShowYetKeepsTheDeploymentUnsettled() {
    deployment(d -> {});
    create(pod("a", "10.244.0.7"), pod("b", "10.244.0.8"), pod("c", "10.244.0.9"));

    State state = observe();

    assertThat(state.settled()).isFalse();
  }

  @Test
  void podsOfOthersAndEndedPodsAreLeftOut() {
    deployment(d -> {});
    Pod stranger = pod("stranger", "10.244.0.1");
    stranger.getMetadata().setOwnerReferences(List.of());
    Pod evicted = pod("evicted", "10.244.0.2");
    evicted.getStatus().setPhase("Failed");
    create(pod("a", "10.244.0.7"), pod("b", "10.244.0.8"), stranger, evicted);

    State state = observe();

    assertThat(state.instances()).extracting(Instance::name).containsExactly("a", "b");
    assertThat(state.settled()).isTrue();
  }

  @Test
  void stoppedDeploymentIsSettledWhenItsLastPodIsGone() {
    deployment(
        d -> {
          d.getSpec().setReplicas(0);
          d.setStatus(
              new DeploymentStatusBuilder()
                  .withObservedGeneration(d.getMetadata().getGeneration())
                  .build());
        });

    State state = observe();

    assertThat(state.replicas()).isZero();
    assertThat(state.settled()).isTrue();
  }

  @Test
  void podWithoutAddressHasNoUrl() {
    deployment(d -> {});
    create(pod("a", null));

    State state = observe();

    assertThat(state.instances()).singleElement().extracting(Instance::url).isNull();
  }

  @Test
  void addressOfVersionSixIsInBrackets() {
    deployment(d -> {});
    create(pod("a", "fd00::7"));

    State state = observe();

    assertThat(state.instances())
        .singleElement()
        .extracting(Instance::url)
        .isEqualTo(URI.create("http://[fd00::7]:4000"));
  }

  @Test
  void podThatServesTlsIsAskedOverHttps() {
    deployment(d -> {});
    create(pod("a", "10.244.0.7"));

    State state =
        DeploymentState.of(
            "deployment/litellm",
            deployment,
            sets,
            pods,
            new DeploymentTarget("litellm", null, null),
            true);

    assertThat(state.instances())
        .singleElement()
        .extracting(Instance::url)
        .isEqualTo(URI.create("https://10.244.0.7:4000"));
  }

  @Test
  void portOfTheSpecWinsOverTheContainers() {
    deployment(d -> {});
    create(pod("a", "10.244.0.7"));

    State state = observe(new DeploymentTarget("litellm", null, 8080));

    assertThat(state.instances().getFirst().url()).hasPort(8080);
  }

  @ParameterizedTest
  @CsvSource({"metrics 9090 http 4100, 4100", "metrics 9090, 9090", "'', 4000"})
  void portIsTheOneCalledHttpElseTheFirstElse4000(String ports, int expected) {
    deployment(d -> {});
    Pod pod = pod("a", "10.244.0.7");
    String[] words = ports.isEmpty() ? new String[0] : ports.split(" ");
    var builder = new PodBuilder(pod).editSpec().editFirstContainer().withPorts();
    for (int i = 0; i < words.length; i += 2) {
      builder
          .addNewPort()
          .withName(words[i])
          .withContainerPort(Integer.valueOf(words[i + 1]))
          .endPort();
    }
    create(builder.endContainer().endSpec().build());

    State state = observe();

    assertThat(state.instances().getFirst().url()).hasPort(expected);
  }

  @ParameterizedTest
  @ValueSource(strings = {"ImagePullBackOff", "CrashLoopBackOff", "CreateContainerConfigError"})
  void containerThatCannotStartIsAProblemWithoutItsLastWords(String reason) {
    deployment(d -> {});
    Pod pod =
        new PodBuilder(pod("a", "10.244.0.7"))
            .editStatus()
            .addNewContainerStatus()
            .withName("litellm")
            .withNewState()
            .withNewWaiting("sk-canary", reason)
            .endState()
            .withNewLastState()
            .withNewTerminated()
            .withMessage("sk-canary")
            .endTerminated()
            .endLastState()
            .endContainerStatus()
            .endStatus()
            .build();
    create(pod);

    State state = observe();

    assertThat(state.problem()).isEqualTo("a: container litellm is in " + reason);
  }

  @Test
  void containerThatIsOnlyBeingCreatedIsNoProblem() {
    deployment(d -> {});
    create(
        new PodBuilder(pod("a", null))
            .editStatus()
            .addNewContainerStatus()
            .withName("litellm")
            .withNewState()
            .withNewWaiting(null, "ContainerCreating")
            .endState()
            .endContainerStatus()
            .endStatus()
            .build());

    State state = observe();

    assertThat(state.problem()).isNull();
  }

  @Test
  void podThatFitsNowhereIsAProblem() {
    deployment(d -> {});
    create(
        new PodBuilder(pod("a", null))
            .editStatus()
            .addNewCondition()
            .withType("PodScheduled")
            .withStatus("False")
            .withReason("Unschedulable")
            .withMessage("0/3 nodes are available:\n insufficient memory")
            .endCondition()
            .endStatus()
            .build());

    State state = observe();

    assertThat(state.problem())
        .isEqualTo("a cannot be scheduled: 0/3 nodes are available: insufficient memory");
  }

  @ParameterizedTest
  @CsvSource({
    "ReplicaFailure, True, FailedCreate, pods cannot be created (FailedCreate): exceeded quota",
    "Progressing, False, ProgressDeadlineExceeded, the roll-out made no progress within progressDeadlineSeconds"
  })
  void deploymentThatIsStuckIsAProblem(String type, String status, String reason, String problem) {
    deployment(
        d ->
            d.getStatus()
                .setConditions(
                    List.of(
                        new DeploymentConditionBuilder()
                            .withType(type)
                            .withStatus(status)
                            .withReason(reason)
                            .withMessage("exceeded quota")
                            .build())));

    State state = observe();

    assertThat(state.problem()).isEqualTo(problem);
  }
}
