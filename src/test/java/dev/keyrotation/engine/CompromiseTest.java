package dev.keyrotation.engine;

import static dev.keyrotation.api.v1alpha1.KeyKind.MASTER;
import static dev.keyrotation.api.v1alpha1.KeyKind.SALT;
import static org.assertj.core.api.Assertions.assertThat;

import dev.keyrotation.api.v1alpha1.CompromiseReport;
import dev.keyrotation.api.v1alpha1.Direction;
import dev.keyrotation.api.v1alpha1.HistoryEntry;
import dev.keyrotation.api.v1alpha1.KeyKind;
import dev.keyrotation.api.v1alpha1.KeyRotationSpec;
import dev.keyrotation.api.v1alpha1.MaintenanceWindow;
import dev.keyrotation.api.v1alpha1.RotateSpecBuilder;
import dev.keyrotation.api.v1alpha1.RotationReason;
import dev.keyrotation.api.v1alpha1.RotationResult;
import dev.keyrotation.api.v1alpha1.StepName;
import dev.keyrotation.key.KeyMaterial;
import dev.keyrotation.key.KeySet;
import dev.keyrotation.proxy.ProxyApi.KeyAnswer;
import io.fabric8.kubernetes.api.model.Condition;
import java.net.URI;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** A rotation because somebody else knows the keys. */
class CompromiseTest {
  private static final KeySet OLD =
      new KeySet(KeyMaterial.of("sk-old-master"), KeyMaterial.of("sk-old-salt"));
  private static final KeySet OLD_WITHOUT_SALT = new KeySet(OLD.master(), null);

  private static KeyRotationSpec spec(
      List<KeyKind> keys, @Nullable String rollBack, boolean meant) {
    return Simulation.spec(keys, "leaked")
        .with()
        .gracePeriod("1h")
        .rotate(
            RotateSpecBuilder.builder()
                .request("leaked")
                .reason(RotationReason.COMPROMISED)
                .compromisedSince("2025-12-01T00:00:00+01:00")
                .rollBack(rollBack)
                .acceptCompromisedKeys(meant)
                .build())
        .build();
  }

  private static Simulation begin(FakeWorld world, List<KeyKind> keys) {
    return new Simulation(world, spec(keys, null, false));
  }

  private static Simulation runTo(Simulation simulation, StepName step) {
    while (simulation.status().rotation() == null
        || simulation.status().rotation().step() != step) {
      simulation.run(1);
    }
    return simulation;
  }

  private static Condition condition(Simulation simulation, String type) {
    return simulation.status().conditions().stream()
        .filter(c -> c.getType().equals(type))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void leakedKeyDiesWithEachOldInstanceAndIsGivenNoGrace() {
    FakeWorld world = new FakeWorld(OLD, 2, 7);
    Simulation simulation = runTo(begin(world, List.of(MASTER)), StepName.RESTART_WORKLOADS);
    while (simulation.status().rotation() != null) {
      world.pods.stream()
          .filter(world::ready)
          .filter(pod -> !pod.keys.master().equals(OLD.master()))
          .map(pod -> URI.create("http://pod-" + pod.number + ":4000"))
          .forEach(
              url ->
                  assertThat(world.proxy().ask(url, OLD.master()))
                      .isEqualTo(new KeyAnswer.Refused()));
      simulation.run(1);
    }

    Outcome.of(simulation, OLD).isExactlyNew();
    assertThat(simulation.fewestReady).isGreaterThanOrEqualTo(2);
    assertThat(world.now).isBefore(Instant.parse("2026-01-01T00:05:00Z"));
  }

  @Test
  void beginsAtOnceWhateverWindowsAndGapSay() {
    FakeWorld world = new FakeWorld(OLD, 2, 7);
    Simulation simulation = new Simulation(world, Simulation.spec(List.of(MASTER), "r")).run();
    KeyRotationSpec spec = spec(List.of(MASTER), null, false);

    simulation.changeSpec(
        spec.with()
            .rotate(
                spec.rotate()
                    .with()
                    .windows(List.of(new MaintenanceWindow("0 3 1 7 *", "1h")))
                    .minimumGap("7d")
                    .build())
            .build());
    simulation.run(1);

    assertThat(simulation.status().rotation().reason()).isEqualTo(RotationReason.COMPROMISED);
  }

  @Test
  void dashboardSessionsAreEndedAndAccessThatWasMadeMeanwhileIsListed() {
    FakeWorld world = new FakeWorld(OLD, 2, 7);

    Simulation simulation = begin(world, List.of(MASTER, SALT)).run();

    HistoryEntry entry = simulation.status().history().getFirst();
    CompromiseReport report = entry.compromise();
    assertThat(entry.reason()).isEqualTo(RotationReason.COMPROMISED);
    assertThat(world.sessions).isZero();
    assertThat(report.sessionsEnded()).isEqualTo(3);
    assertThat(report.since()).isEqualTo("2025-11-30T23:00:00Z");
    assertThat(report.adminKeys()).isEqualTo(1);
    assertThat(report.newest()).hasSize(1);
    assertThat(condition(simulation, "Rotated").getMessage())
        .contains("3 dashboard sessions", "1 keys");
    assertThat(simulation.status().plan().warnings())
        .anyMatch(w -> w.contains("provider keys"))
        .anyMatch(w -> w.contains("Virtual keys"))
        .anyMatch(w -> w.contains("gracePeriod is ignored"));
  }

  @Test
  void routineRotationEndsNoSession() {
    FakeWorld world = new FakeWorld(OLD, 2, 7);

    Simulation simulation = new Simulation(world, Simulation.spec(List.of(MASTER), "r")).run();

    assertThat(world.sessions).isEqualTo(3);
    assertThat(simulation.status().history().getFirst().compromise()).isNull();
  }

  @Test
  void accessIsListedSinceTheLastRotationUnlessTheSpecSaysSinceWhen() {
    FakeWorld world = new FakeWorld(OLD, 2, 7);
    Simulation simulation = new Simulation(world, Simulation.spec(List.of(MASTER), "r")).run();
    String last = simulation.status().history().getFirst().completedAt();

    KeyRotationSpec spec = spec(List.of(MASTER), null, false);
    simulation.changeSpec(
        spec.with().rotate(spec.rotate().with().compromisedSince(null).build()).build());
    simulation.run();

    assertThat(simulation.status().history().getFirst().compromise().since()).isEqualTo(last);
  }

  @Test
  void leakedMasterKeyThatEncryptsIsReplacedTogetherWithTheValues() {
    FakeWorld world = new FakeWorld(OLD_WITHOUT_SALT, 2, 7);
    world.fencePossible = true;

    Simulation simulation = begin(world, List.of(MASTER)).run();

    Outcome.of(simulation, OLD_WITHOUT_SALT).isExactlyNew();
  }

  @Test
  void processKilledAtAnyPointEndsWithTheSameEffects() {
    List<String> expected = effects(killed(Integer.MAX_VALUE));
    for (int point = 0; point < expected.size() * 2; point++) {
      Simulation killed = killed(point);

      assertThat(effects(killed)).as("killed after change " + point).isEqualTo(expected);
      assertThat(killed.status().history().getFirst().compromise().sessionsEnded()).isEqualTo(3);
      Outcome.of(killed, OLD).isExactlyNew();
    }
    assertThat(expected).containsOnlyOnce("end sessions");
  }

  private static Simulation killed(int point) {
    FakeWorld world = new FakeWorld(OLD, 2, 7);
    world.killAt = point;
    world.killAfter = true;
    return begin(world, List.of(MASTER)).run();
  }

  private static List<String> effects(Simulation simulation) {
    // A process that takes over claims what the one before it had claimed.
    return simulation.world.changes.stream()
        .filter(change -> !change.equals("status") && !change.startsWith("claim "))
        .toList();
  }

  // ---- the way back ---------------------------------------------------------------------------

  @Test
  void wayBackToALeakedKeyHasToBeMeant() {
    FakeWorld world = new FakeWorld(OLD, 2, 7);
    Simulation simulation = begin(world, List.of(MASTER)).run();
    assertThat(condition(simulation, "RollBackPossible").getMessage())
        .contains("acceptCompromisedKeys");

    simulation.changeSpec(spec(List.of(MASTER), "litellm-r2", false));
    simulation.run();
    Condition unconfirmed = condition(simulation, "RollBackPossible");
    Outcome.of(simulation, OLD).isExactlyNew();

    simulation.changeSpec(spec(List.of(MASTER), "litellm-r2", true));
    simulation.run();

    assertThat(unconfirmed.getStatus()).isEqualTo("False");
    assertThat(unconfirmed.getReason()).isEqualTo("RollBackUnconfirmed");
    assertThat(simulation.status().lastResult()).isEqualTo(RotationResult.ROLLED_BACK);
    assertThat(condition(simulation, "Rotated").getMessage()).contains("somebody else may know");
    assertThat(world.sessions).isZero();
    Outcome.of(simulation, OLD).isExactlyOld();
  }

  @Test
  void rotationUnderWayIsNotTurnedBackToALeakedKeyByAManifestThatDoesNotMeanIt() {
    FakeWorld world = new FakeWorld(OLD, 2, 7);
    Simulation simulation = runTo(begin(world, List.of(MASTER)), StepName.VERIFY);

    simulation.changeSpec(spec(List.of(MASTER), "litellm-r2", false));
    simulation.run(1);
    Condition unconfirmed = condition(simulation, "RollBackPossible");
    simulation.run();

    assertThat(unconfirmed.getReason()).isEqualTo("RollBackUnconfirmed");
    Outcome.of(simulation, OLD).isExactlyNew();
  }

  @Test
  void instancesThatNeverGetReadyAreTakenBackAndTheMessageSaysWhatThatMeans() {
    FakeWorld world = new FakeWorld(OLD, 2, 7);
    world.newPodsNeverReady = true;

    Simulation simulation = begin(world, List.of(MASTER)).run();

    assertThat(simulation.status().lastResult()).isEqualTo(RotationResult.ROLLED_BACK);
    assertThat(condition(simulation, "Rotated").getMessage()).contains("somebody else may know");
    Outcome.of(simulation, OLD).isExactlyOld();
  }

  @Test
  void leakedKeyThatAnInstanceStillAcceptsStallsAndIsNotHandedBack() {
    FakeWorld world = new FakeWorld(OLD, 2, 7);
    Simulation simulation = runTo(begin(world, List.of(MASTER)), StepName.CLOSE_GRACE);
    world.cachedUntil.put(OLD.master(), Instant.MAX); // a shared cache that never forgets

    simulation.run(600);

    assertThat(simulation.status().rotation().stalled().reason()).isEqualTo("OldKeyStillAccepted");
    assertThat(simulation.status().rotation().direction()).isEqualTo(Direction.FORWARD);
    world.cachedUntil.clear();
    simulation.run();
    Outcome.of(simulation, OLD).isExactlyNew();
  }
}
