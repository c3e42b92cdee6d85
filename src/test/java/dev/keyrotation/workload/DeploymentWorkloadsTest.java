package dev.keyrotation.workload;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.SystemdUnitTarget;
import dev.keyrotation.api.v1alpha1.WorkloadSpec;
import dev.keyrotation.cluster.TestRotations;
import dev.keyrotation.failure.RotationException;
import dev.keyrotation.workload.Workloads.Finding;
import dev.keyrotation.workload.Workloads.Instance;
import dev.keyrotation.workload.Workloads.State;
import dev.keyrotation.workload.Workloads.Wiring;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.OwnerReferenceBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.StatusBuilder;
import io.fabric8.kubernetes.api.model.apps.ReplicaSet;
import io.fabric8.kubernetes.api.model.apps.ReplicaSetBuilder;
import io.fabric8.kubernetes.api.model.autoscaling.v2.HorizontalPodAutoscalerBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.server.mock.EnableKubernetesMockClient;
import io.fabric8.kubernetes.client.server.mock.KubernetesMockServer;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is read from the API server. */
@EnableKubernetesMockClient(crud = true)
class DeploymentWorkloadsTest {
  private static final KeyRotation OWNER = TestRotations.in("ai");
  private static final WorkloadSpec WORKLOAD = WorkloadSpec.ofDeployment("litellm");
  private static final WorkloadSpec UNIT =
      new WorkloadSpec(null, SystemdUnitTarget.local("litellm.service", "/etc/litellm.env"));

  static KubernetesClient client;
  static KubernetesMockServer server;

  @AfterEach
  void empty() {
    server.reset();
  }

  private static State observe(WorkloadSpec workload) {
    return new DeploymentWorkloads(client).observe(OWNER, workload);
  }

  private static Wiring wiring(WorkloadSpec workload) {
    return new DeploymentWorkloads(client).wiring(OWNER, workload);
  }

  private static void createPlain() {
    Fixture.of("plain").create(client);
    Fixture.secret(
        client,
        "litellm-keys",
        Map.of("LITELLM_MASTER_KEY", "sk-canary", "LITELLM_SALT_KEY", "canary"));
    Fixture.secret(client, "litellm-db", Map.of("DATABASE_URL", "canary"));
  }

  private static OwnerReference controller(HasMetadata owner) {
    return new OwnerReferenceBuilder()
        .withUid(owner.getMetadata().getUid())
        .withController(true)
        .build();
  }

  private static Pod pod(String name, HasMetadata owner, String app) {
    return new PodBuilder()
        .withNewMetadata()
        .withName(name)
        .withNamespace("ai")
        .addToLabels("app", app)
        .withOwnerReferences(controller(owner))
        .endMetadata()
        .withNewSpec()
        .endSpec()
        .build();
  }

  @Test
  void podsAreFoundBySelectorAndOwner() {
    createPlain();
    ReplicaSet set =
        client
            .resource(
                new ReplicaSetBuilder()
                    .withNewMetadata()
                    .withName("litellm-1")
                    .withNamespace("ai")
                    .addToLabels("app", "litellm")
                    .withOwnerReferences(
                        controller(
                            client
                                .apps()
                                .deployments()
                                .inNamespace("ai")
                                .withName("litellm")
                                .require()))
                    .endMetadata()
                    .build())
            .create();
    client.resource(pod("ours", set, "litellm")).create();
    client
        .resource(
            pod(
                "other-owner",
                new ReplicaSetBuilder().withNewMetadata().withUid("x").endMetadata().build(),
                "litellm"))
        .create();
    client.resource(pod("other-app", set, "other")).create();

    State state = observe(WORKLOAD);

    assertThat(state.instances()).extracting(Instance::name).containsExactly("ours");
  }

  @Test
  void missingDeploymentIsSaidByObserveAndLeftOutByWiring() {
    State state = observe(WORKLOAD);
    Wiring wiring = wiring(WORKLOAD);

    assertThat(state)
        .isEqualTo(new State("deployment/litellm", false, 0, null, false, null, false, List.of()));
    assertThat(wiring).isEqualTo(new Wiring(List.of(), List.of()));
  }

  @Test
  void wiringReadsConfigurationAndSecrets() {
    createPlain();

    Wiring wiring = wiring(WORKLOAD);

    assertThat(wiring).isEqualTo(new Wiring(List.of(), List.of()));
  }

  @Test
  void wiringReadsAConfigurationThatIsKeptInASecret() {
    createPlain();
    client.resource(Fixture.of("plain").deployment()).delete();
    client
        .resource(
            Fixture.of("plain")
                .with("configMap: {name: litellm-config}", "secret: {secretName: config}")
                .deployment())
        .create();
    Fixture.secret(
        client, "config", Map.of("config.yaml", "general_settings: {master_key: sk-canary}"));

    Wiring wiring = wiring(WORKLOAD);

    assertThat(wiring.findings())
        .singleElement()
        .extracting(Finding::message)
        .asString()
        .contains("sets general_settings.master_key")
        .doesNotContain("canary");
  }

  @Test
  void wiringKnowsTheAutoscalersOfThisDeploymentOnly() {
    createPlain();
    for (String target : List.of("litellm", "other")) {
      client
          .resource(
              new HorizontalPodAutoscalerBuilder()
                  .withNewMetadata()
                  .withName("scaler-of-" + target)
                  .withNamespace("ai")
                  .endMetadata()
                  .withNewSpec()
                  .withNewScaleTargetRef("apps/v1", "Deployment", target)
                  .endSpec()
                  .build())
          .create();
    }

    Wiring wiring = wiring(WORKLOAD);

    assertThat(wiring.warnings()).singleElement().asString().contains("scaler-of-litellm");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/api/v1/namespaces/ai/configmaps/litellm-config",
        "/api/v1/namespaces/ai/secrets/litellm-db",
        "/apis/autoscaling/v2/namespaces/ai/horizontalpodautoscalers"
      })
  void whatMayNotBeReadIsWorthAWarning(String path) {
    createPlain();
    server
        .expect()
        .get()
        .withPath(path)
        .andReturn(403, new StatusBuilder().withCode(403).withReason("Forbidden").build())
        .always();

    Wiring wiring = wiring(WORKLOAD);

    assertThat(wiring.findings()).isEmpty();
    assertThat(wiring.warnings())
        .anyMatch(warning -> warning.contains("which the operator may not read: unchecked"));
  }

  @Test
  void systemdUnitIsRefusedInWords() {
    Wiring wiring = wiring(UNIT);

    assertThat(wiring.findings())
        .extracting(Finding::reason)
        .containsExactly(ConditionReason.NOT_SUPPORTED);
    assertThatThrownBy(() -> observe(UNIT))
        .isInstanceOf(RotationException.class)
        .hasMessageContaining("unit/litellm.service is a systemd unit");
  }
}
