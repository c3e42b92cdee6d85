package dev.keyrotation.engine;

import static dev.keyrotation.api.v1alpha1.KeyKind.MASTER;
import static dev.keyrotation.api.v1alpha1.KeyKind.SALT;
import static org.assertj.core.api.Assertions.assertThat;

import dev.keyrotation.api.v1alpha1.ConditionType;
import dev.keyrotation.api.v1alpha1.KeyRotationStatus;
import dev.keyrotation.api.v1alpha1.RotationResult;
import dev.keyrotation.api.v1alpha1.SoakProblem;
import dev.keyrotation.api.v1alpha1.SoakResult;
import dev.keyrotation.api.v1alpha1.SoakStatus;
import dev.keyrotation.key.KeyMaterial;
import dev.keyrotation.key.KeySet;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The time after a rotation, in the simulated world. */
class SoakStoryTest {
  private static final KeySet OLD =
      new KeySet(KeyMaterial.of("sk-canary-old-master"), KeyMaterial.of("sk-canary-old-salt"));

  private FakeWorld world;
  private Simulation simulation;

  @BeforeEach
  void rotate() {
    world = new FakeWorld(OLD, 2, 7);
    simulation = new Simulation(world, Simulation.spec(List.of(MASTER, SALT), "first"));
    simulation.run();
    assertThat(simulation.status().lastResult()).isEqualTo(RotationResult.SUCCEEDED);
  }

  private SoakStatus soak() {
    return simulation.status().soak();
  }

  /** The world stands still until the next look is due; then a few turns. */
  private void nextLook() {
    world.now = Instant.parse(soak().nextLookAt());
    simulation.run(2);
  }

  private void untilItIsOver() {
    while (soak().underWay()) {
      nextLook();
    }
  }

  private String condition(ConditionType type) {
    return simulation.status().conditions().stream()
        .filter(c -> type.text().equals(c.getType()))
        .map(c -> c.getStatus() + " " + c.getReason())
        .findFirst()
        .orElseThrow();
  }

  private void everythingElseIsAsAfterAnyRotation() {
    assertThat(condition(ConditionType.READY)).startsWith("True");
    assertThat(condition(ConditionType.RECONCILING)).isEqualTo("False Idle");
    assertThat(condition(ConditionType.STALLED)).startsWith("False");
    assertThat(condition(ConditionType.ROTATED)).startsWith("True");
  }

  @Test
  void aDayWithoutFindingsPasses() {
    assertThat(condition(ConditionType.SOAKED)).isEqualTo("Unknown SoakUnderWay");
    everythingElseIsAsAfterAnyRotation();
    int changes = world.changes().size();

    untilItIsOver();

    assertThat(soak().result()).isEqualTo(SoakResult.PASSED);
    assertThat(Duration.between(Instant.parse(soak().since()), world.now))
        .isBetween(Duration.ofHours(24), Duration.ofHours(25));
    assertThat(soak().looks()).isBetween(96, 105);
    assertThat(condition(ConditionType.SOAKED)).isEqualTo("True SoakPassed");
    everythingElseIsAsAfterAnyRotation();
    assertThat(world.changes().stream().skip(changes)).allMatch("status"::equals);
  }

  @Test
  void nothingIsWrittenBetweenTwoLooks() {
    nextLook();
    int changes = world.changes().size();

    simulation.run(60);

    assertThat(world.changes()).hasSize(changes);
    assertThat(soak().looks()).isEqualTo(1);
  }

  @Test
  void anOldKeyThatComesBackIsAProblemAfterTwoLooks() {
    world.rows.add(OLD.master());

    nextLook();
    assertThat(soak().suspects()).containsExactly("OldKeyStillAccepted");
    assertThat(condition(ConditionType.SOAKED)).startsWith("Unknown");
    nextLook();

    assertThat(soak().problems())
        .singleElement()
        .satisfies(
            problem -> {
              assertThat(problem.reason()).isEqualTo("OldKeyStillAccepted");
              assertThat(problem.count()).isEqualTo(2);
            });
    assertThat(condition(ConditionType.SOAKED)).isEqualTo("False SoakProblem");
    everythingElseIsAsAfterAnyRotation();
  }

  @Test
  void aMomentsAnswerIsNone() {
    world.rows.add(OLD.master());
    nextLook();
    world.rows.clear();

    untilItIsOver();

    assertThat(soak().result()).isEqualTo(SoakResult.PASSED);
  }

  @Test
  void aDecryptionErrorInALogIsCountedOnce() {
    world.decryptionErrors.add(world.now.plusSeconds(20));

    nextLook();
    nextLook();
    nextLook();

    assertThat(soak().problems())
        .singleElement()
        .extracting(SoakProblem::reason, SoakProblem::count)
        .containsExactly("DecryptionErrorsLogged", 1L);
    assertThat(soak().refusals()).isEqualTo(6);
  }

  @Test
  void refusedRequestsAloneAreNoProblem() {
    untilItIsOver();

    assertThat(soak().refusals()).isPositive();
    assertThat(soak().result()).isEqualTo(SoakResult.PASSED);
  }

  @Test
  void aValueThatAStrangerWroteUnderTheOldKeyIsFound() {
    world.values.add(OLD.encryption());

    nextLook();

    assertThat(soak().problems())
        .extracting(SoakProblem::reason)
        .containsExactly("ValuesUnderOldKey");
  }

  @Test
  void keysChangedByHandAreFound() {
    world.consumer = new KeySet(KeyMaterial.of("sk-canary-by-hand"), OLD.salt());

    nextLook();
    nextLook();

    assertThat(soak().problems()).extracting(SoakProblem::reason).contains("SecretChangedByOther");
  }

  @Test
  void instancesThatNeverAnswerLeaveItUnknown() {
    world.instancesDoNotAnswer = true;

    untilItIsOver();

    assertThat(soak().result()).isEqualTo(SoakResult.UNKNOWN);
    assertThat(condition(ConditionType.SOAKED)).isEqualTo("Unknown EvidenceUnknown");
  }

  @Test
  void aNewProcessGoesOnWhereTheOldOneWas() {
    nextLook();
    SoakStatus before = soak();

    simulation.restart();
    simulation.run(5);
    assertThat(soak()).isEqualTo(before);
    nextLook();

    assertThat(soak().looks()).isEqualTo(2);
    assertThat(soak().since()).isEqualTo(before.since());
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aProcessKilledWhenItWritesALookCountsNothingTwice(boolean after) {
    world.decryptionErrors.add(world.now.plusSeconds(20));
    world.killAt = world.changes().size();
    world.killAfter = after;
    world.now = Instant.parse(soak().nextLookAt());

    simulation.run();

    assertThat(simulation.kills).isEqualTo(1);
    assertThat(soak().looks()).isEqualTo(1);
    assertThat(soak().problems()).singleElement().extracting(SoakProblem::count).isEqualTo(1L);
  }

  @Test
  void theNextRotationDoesNotWaitAndBeginsAWatchOfItsOwn() {
    world.rows.add(OLD.master());
    nextLook();
    nextLook();
    world.rows.clear();
    String first = soak().rotation();

    simulation.changeSpec(Simulation.spec(List.of(MASTER, SALT), "second"));
    simulation.run(2);
    assertThat(simulation.status().rotation()).isNotNull();
    assertThat(soak()).isNull();
    simulation.run();

    assertThat(soak().rotation()).isNotEqualTo(first);
    assertThat(soak().problems()).isEmpty();
    assertThat(condition(ConditionType.SOAKED)).isEqualTo("Unknown SoakUnderWay");
  }

  @Test
  void aRollBackEndsIt() {
    String last = simulation.status().history().getFirst().id();
    simulation.changeSpec(Simulation.rollBack(List.of(MASTER, SALT), "first", last));

    simulation.run();

    assertThat(simulation.status().lastResult()).isEqualTo(RotationResult.ROLLED_BACK);
    assertThat(soak()).isNull();
    assertThat(condition(ConditionType.SOAKED)).isEqualTo("Unknown SoakOff");
  }

  @Test
  void eachKindOfProblemIsToldOnceAndNoKeyWithIt() {
    KeyRotationStatus before = simulation.status();
    world.decryptionErrors.add(world.now.plusSeconds(20));
    nextLook();
    KeyRotationStatus found = simulation.status();
    world.decryptionErrors.add(world.now.plusSeconds(1));
    nextLook();
    KeyRotationStatus again = simulation.status();

    assertThat(SoakNews.of(simulation.withStatus(before), found))
        .singleElement()
        .satisfies(
            news -> {
              assertThat(news.warning()).isTrue();
              assertThat(news.message()).contains("DecryptionErrorsLogged");
            });
    assertThat(SoakNews.of(simulation.withStatus(found), again)).isEmpty();
    assertThat(again.soak().problems().getFirst().count()).isEqualTo(2);
    world
        .revisions
        .values()
        .forEach(
            keys ->
                assertThat(again.toString())
                    .doesNotContain(keys.master().reveal(), keys.salt().reveal()));
  }

  @Test
  void theEndIsToldOnce() {
    while (soak().underWay()) {
      KeyRotationStatus before = simulation.status();
      nextLook();
      assertThat(SoakNews.of(simulation.withStatus(before), simulation.status()))
          .hasSize(soak().underWay() ? 0 : 1);
    }
    assertThat(SoakNews.of(simulation.stored, simulation.status())).isEmpty();
  }
}
