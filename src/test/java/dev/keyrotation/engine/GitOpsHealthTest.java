package dev.keyrotation.engine;

import static dev.keyrotation.api.v1alpha1.KeyKind.MASTER;
import static dev.keyrotation.api.v1alpha1.KeyKind.SALT;
import static org.assertj.core.api.Assertions.assertThat;

import dev.keyrotation.api.v1alpha1.ConditionType;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.KeyRotationStatus;
import dev.keyrotation.api.v1alpha1.RotationResult;
import dev.keyrotation.key.KeyMaterial;
import dev.keyrotation.key.KeySet;
import dev.keyrotation.plan.Statuses;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * What Flux and Argo CD make of each status of a rotation: Flux's kstatus, and the health script of
 * {@code deploy/argocd} in the Lua of Argo CD.
 */
@Tag("gitops")
class GitOpsHealthTest {
  private static final KeySet OLD =
      new KeySet(KeyMaterial.of("sk-old-master"), KeyMaterial.of("sk-old-salt"));
  private static final KubernetesSerialization JSON = new KubernetesSerialization();

  private final FakeWorld world = new FakeWorld(OLD, 2, 7);

  /** What the two say of one resource, as {@code e2e/parts/gitops/main.go} prints it. */
  private record Verdict(String flux, String fluxMessage, String argo, String argoMessage) {
    String both() {
      return flux + ", " + argo;
    }
  }

  private static List<Verdict> judge(List<KeyRotation> resources) throws IOException {
    ConfigMap shipped =
        JSON.unmarshal(Files.newInputStream(Path.of("deploy/argocd/argocd-cm.yaml")));
    String script =
        shipped.getData().get("resource.customizations.health.keyrotation.dev_KeyRotation");
    String asked = JSON.asJson(Map.of("script", script, "resources", resources));
    String program = run(List.of("e2e/parts/gitops.sh"), "").strip();
    return List.of(JSON.unmarshal(run(List.of(program), asked), Verdict[].class));
  }

  private static String run(List<String> command, String input) throws IOException {
    Path given = Files.createTempFile("gitops", ".json");
    try {
      Files.writeString(given, input);
      Process process =
          new ProcessBuilder(command)
              .redirectInput(given.toFile())
              .redirectError(ProcessBuilder.Redirect.INHERIT)
              .start();
      String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(process.waitFor()).as("%s", command).isZero();
      return said;
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    } finally {
      Files.delete(given);
    }
  }

  private static Verdict judge(KeyRotation resource) throws IOException {
    return judge(List.of(resource)).getFirst();
  }

  private static boolean is(KeyRotation resource, ConditionType type) {
    return Statuses.of(resource).conditions().stream()
        .anyMatch(c -> c.getType().equals(type.text()) && c.getStatus().equals("True"));
  }

  /** A rotation from its request to its end, and a rest after it. */
  private Simulation rotated() {
    Simulation simulation = new Simulation(world, Simulation.spec(List.of(MASTER, SALT), "first"));
    return simulation.run();
  }

  @Test
  void rotationIsInProgressInEachOfItsStatusesAndReadyAtTheEnd() throws IOException {
    List<KeyRotation> stored = rotated().storedOnes;

    List<Verdict> verdicts = judge(stored);

    assertThat(Statuses.of(stored.getLast()).lastResult()).isEqualTo(RotationResult.SUCCEEDED);
    assertThat(verdicts).hasSizeGreaterThan(10);
    for (int i = 0; i < verdicts.size(); i++) {
      boolean rotating = Statuses.of(stored.get(i)).rotation() != null;
      assertThat(verdicts.get(i).both())
          .as("%s", stored.get(i).getStatus())
          .isEqualTo(rotating ? "InProgress, Progressing" : "Current, Healthy");
    }
  }

  @Test
  void whatTheOperatorHasNotLookedAtIsInProgress() throws IOException {
    Simulation simulation = rotated();
    simulation.changeSpec(Simulation.spec(List.of(MASTER, SALT), "second"));
    KeyRotation created = // with the default of the definition
        simulation.withStatus(KeyRotationStatus.empty().with().observedGeneration(-1L).build());

    List<Verdict> verdicts = judge(List.of(simulation.stored, created));

    assertThat(verdicts).extracting(Verdict::both).containsOnly("InProgress, Progressing");
  }

  @Test
  void findingsOfPreflightAreAFailureWithTheirSentence() throws IOException {
    world.consumer = null;
    Simulation simulation = new Simulation(world, Simulation.spec(List.of(MASTER, SALT), "first"));

    KeyRotation blocked = simulation.run().stored;

    Verdict verdict = judge(blocked);
    assertThat(verdict.both()).isEqualTo("Failed, Degraded");
    assertThat(verdict.argoMessage()).isEqualTo(verdict.fluxMessage()).isNotEmpty();
  }

  @Test
  void rotationThatNeedsHelpIsAFailureAndNotInProgress() throws IOException {
    Simulation simulation = new Simulation(world, Simulation.spec(List.of(MASTER, SALT), "first"));
    simulation.run(12);
    world.instancesDoNotAnswer = true;
    simulation.run(400);

    KeyRotation stuck = simulation.stored;

    assertThat(is(stuck, ConditionType.RECONCILING)).isTrue();
    assertThat(is(stuck, ConditionType.STALLED)).isTrue();
    assertThat(judge(stuck).both()).isEqualTo("Failed, Degraded");
  }

  @Test
  void rotationThatWentBackIsReadyAndArgoTellsWhy() throws IOException {
    world.newPodsNeverReady = true;

    KeyRotation back = rotated().stored;

    assertThat(Statuses.of(back).lastResult()).isEqualTo(RotationResult.ROLLED_BACK);
    Verdict verdict = judge(back);
    assertThat(verdict.both()).isEqualTo("Current, Healthy");
    assertThat(verdict.argoMessage()).contains("was rolled back");
  }

  @Test
  void keysChangedByHandAreNotReady() throws IOException {
    Simulation simulation = rotated();
    world.consumer = OLD;
    simulation.run(3);

    assertThat(judge(simulation.stored).both()).isEqualTo("InProgress, Progressing");
  }
}
