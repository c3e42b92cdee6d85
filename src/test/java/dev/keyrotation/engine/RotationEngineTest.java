package dev.keyrotation.engine;

import static dev.keyrotation.api.v1alpha1.KeyKind.MASTER;
import static dev.keyrotation.api.v1alpha1.KeyKind.SALT;
import static dev.keyrotation.api.v1alpha1.StepName.CLOSE_GRACE;
import static dev.keyrotation.api.v1alpha1.StepName.GENERATE_KEYS;
import static dev.keyrotation.api.v1alpha1.StepName.MARK_CONNECTIONS;
import static dev.keyrotation.api.v1alpha1.StepName.OPEN_GRACE;
import static dev.keyrotation.api.v1alpha1.StepName.PUBLISH_COPIES;
import static dev.keyrotation.api.v1alpha1.StepName.PUBLISH_KEYS;
import static dev.keyrotation.api.v1alpha1.StepName.REENCRYPT_DATA;
import static dev.keyrotation.api.v1alpha1.StepName.RESTART_WORKLOADS;
import static dev.keyrotation.api.v1alpha1.StepName.STOP_WORKLOADS;
import static dev.keyrotation.api.v1alpha1.StepName.VERIFY;
import static org.assertj.core.api.Assertions.assertThat;

import dev.keyrotation.api.v1alpha1.CopyCounts;
import dev.keyrotation.api.v1alpha1.Direction;
import dev.keyrotation.api.v1alpha1.Fencing;
import dev.keyrotation.api.v1alpha1.KeyKind;
import dev.keyrotation.api.v1alpha1.RolloutMode;
import dev.keyrotation.api.v1alpha1.RotationResult;
import dev.keyrotation.key.KeyMaterial;
import dev.keyrotation.key.KeySet;
import io.fabric8.kubernetes.api.model.Condition;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class RotationEngineTest {
  private static final KeySet OLD =
      new KeySet(KeyMaterial.of("sk-old-master"), KeyMaterial.of("sk-old-salt"));
  private static final KeySet OLD_WITHOUT_SALT = new KeySet(KeyMaterial.of("sk-old-master"), null);

  private static FakeWorld world(KeySet keys) {
    return new FakeWorld(keys, 2, 7);
  }

  @Test
  void bothKeysAreReplacedAndEveryValueFollows() {
    Simulation simulation =
        new Simulation(world(OLD), Simulation.spec(List.of(MASTER, SALT), "first"));

    simulation.run();

    assertThat(simulation.status().lastResult()).isEqualTo(RotationResult.SUCCEEDED);
    assertThat(simulation.stepsSeen)
        .containsExactly(
            GENERATE_KEYS,
            OPEN_GRACE,
            STOP_WORKLOADS,
            PUBLISH_KEYS,
            REENCRYPT_DATA,
            RESTART_WORKLOADS,
            VERIFY,
            CLOSE_GRACE);
    Outcome.of(simulation, OLD).isExactlyNew();
  }

  @Test
  void fencedRotationReplacesBothKeysWithoutAnyInstanceMissing() {
    FakeWorld world = world(OLD);
    world.fencePossible = true;
    Simulation simulation = new Simulation(world, Simulation.spec(List.of(MASTER, SALT), "first"));

    simulation.run();

    assertThat(simulation.stepsSeen)
        .containsExactly(
            GENERATE_KEYS,
            OPEN_GRACE,
            PUBLISH_KEYS,
            REENCRYPT_DATA,
            RESTART_WORKLOADS,
            VERIFY,
            CLOSE_GRACE);
    assertThat(simulation.fewestReady).isEqualTo(2);
    assertThat(simulation.status().history().getFirst().unavailableSeconds()).isZero();
    Outcome.of(simulation, OLD).isExactlyNew();
  }

  @Test
  void secretThatAnotherControllerFillsIsRefusedBeforeAnythingIsChanged() {
    FakeWorld world = world(OLD);
    world.consumerObstacle = "Secret ai/litellm-keys is filled by ExternalSecret/litellm.";
    Simulation simulation = new Simulation(world, Simulation.spec(List.of(MASTER, SALT), "first"));

    simulation.run();

    assertThat(simulation.status().rotation()).isNull();
    assertThat(simulation.status().plan().findings())
        .containsExactly("SecretNotWritable: " + world.consumerObstacle);
    assertThat(world.revisions).isEmpty();
    assertThat(world.consumer).isEqualTo(OLD);
  }

  @Test
  void copiesInOtherSecretsFollowTheKeysWhileBothAreAccepted() {
    FakeWorld world = world(OLD);
    world.fencePossible = true;
    Story.withCopies(world);
    Simulation simulation = new Simulation(world, Simulation.spec(List.of(MASTER, SALT), "first"));

    simulation.run();

    assertThat(simulation.stepsSeen)
        .containsExactly(
            GENERATE_KEYS,
            OPEN_GRACE,
            PUBLISH_KEYS,
            PUBLISH_COPIES,
            REENCRYPT_DATA,
            RESTART_WORKLOADS,
            VERIFY,
            CLOSE_GRACE);
    assertThat(world.copyWrites).isEqualTo(Map.of("job", 1, "ui", 1));
    assertThat(simulation.status().history().getFirst().copies())
        .isEqualTo(new CopyCounts(2, 2, 0));
    Outcome.of(simulation, OLD).isExactlyNew();
  }

  @Test
  void saltKeyAloneLeavesCopiesOfTheMasterKeyAlone() {
    FakeWorld world = world(OLD);
    Story.withCopies(world);
    world.copies.put("ui", KeyMaterial.of("sk-somebody-elses"));
    Simulation simulation = new Simulation(world, Simulation.spec(List.of(SALT), "first"));

    simulation.run();

    assertThat(simulation.status().lastResult()).isEqualTo(RotationResult.SUCCEEDED);
    assertThat(world.copyWrites).isEmpty();
    assertThat(simulation.stepsSeen).doesNotContain(PUBLISH_COPIES);
  }

  @Test
  void copyWithAnotherValueIsRefusedBeforeAnythingIsChanged() {
    FakeWorld world = world(OLD);
    Story.withCopies(world);
    world.copies.put("ui", KeyMaterial.of("sk-somebody-elses"));
    Simulation simulation = new Simulation(world, Simulation.spec(List.of(MASTER), "first"));

    simulation.run();

    assertThat(simulation.status().rotation()).isNull();
    assertThat(simulation.status().plan().findings())
        .singleElement()
        .asString()
        .startsWith("SecretKeyInvalid: Secret clients/ui: entry LITELLM_MASTER_KEY holds another")
        .doesNotContain("sk-");
    assertThat(world.revisions).isEmpty();
  }

  @Test
  void copyThatTheOperatorMayNotWriteIsRefusedBeforeAnythingIsChanged() {
    FakeWorld world = world(OLD);
    Story.withCopies(world);
    world.copiesDenied = "Secret clients/ui may not be changed by the operator.";
    Simulation simulation = new Simulation(world, Simulation.spec(List.of(MASTER), "first"));

    simulation.run();

    assertThat(simulation.status().plan().findings())
        .allMatch(finding -> finding.startsWith("SecretNotWritable: " + world.copiesDenied));
    assertThat(world.revisions).isEmpty();
  }

  @Test
  void copyThatSomebodyChangesInMidRotationTurnsItBackAndIsLeftAlone() {
    FakeWorld world = world(OLD);
    world.fencePossible = true;
    Story.withCopies(world);
    Simulation simulation = new Simulation(world, Simulation.spec(List.of(MASTER, SALT), "first"));
    while (!world.changes.contains("copy job")) {
      simulation.run(1);
    }
    KeyMaterial theirs = KeyMaterial.of("sk-somebody-elses");

    world.copies.put("ui", theirs);
    simulation.run();

    assertThat(simulation.status().lastResult()).isEqualTo(RotationResult.ROLLED_BACK);
    assertThat(simulation.status().history().getFirst().copies())
        .isEqualTo(new CopyCounts(2, 1, 1));
    assertThat(condition(simulation, "Rotated").getMessage())
        .contains("1 of 2 copies", "left alone");
    assertThat(world.copies).containsEntry("ui", theirs).containsEntry("job", OLD.master());
    world.copies.remove("ui");
    Outcome.of(simulation, OLD).isExactlyOld();
  }

  @Test
  void rollBackOnRequestGivesCopiesTheOldKeyBack() {
    FakeWorld world = world(OLD);
    Story.withCopies(world);
    Simulation simulation = new Simulation(world, Simulation.spec(List.of(MASTER), "first")).run();

    simulation.changeSpec(Simulation.rollBack(List.of(MASTER), "first", "litellm-r2"));
    simulation.run();

    assertThat(simulation.status().history().getFirst().copies())
        .isEqualTo(new CopyCounts(2, 2, 0));
    assertThat(world.copyWrites).isEqualTo(Map.of("job", 2, "ui", 2));
    Outcome.of(simulation, OLD).isExactlyOld();
  }

  @Test
  void behindAPoolerTheFenceTellsInstancesByTheMarkInTheirUrl() {
    FakeWorld world = world(OLD);
    world.fencePossible = true;
    world.pooled = true;
    Simulation simulation = new Simulation(world, Simulation.spec(List.of(MASTER, SALT), "first"));

    simulation.run();

    assertThat(simulation.stepsSeen)
        .containsExactly(
            GENERATE_KEYS,
            OPEN_GRACE,
            PUBLISH_KEYS,
            MARK_CONNECTIONS,
            REENCRYPT_DATA,
            RESTART_WORKLOADS,
            VERIFY,
            CLOSE_GRACE);
    assertThat(simulation.fewestReady).isEqualTo(2);
    assertThat(world.urlMark).startsWith("keyrotation-r2-");
    assertThat(simulation.status().plan().warnings())
        .anyMatch(warning -> warning.contains("application_name"));
    Outcome.of(simulation, OLD).isExactlyNew();
  }

  @Test
  void nextRotationReplacesTheMarkAndARollBackLeavesOneOfItsOwn() {
    FakeWorld world = world(OLD);
    world.fencePossible = true;
    world.pooled = true;
    Simulation simulation =
        new Simulation(world, Simulation.spec(List.of(MASTER, SALT), "first")).run();
    KeySet first = world.consumer;
    String mark = world.urlMark;

    simulation.changeSpec(Simulation.spec(List.of(MASTER, SALT), "second"));
    simulation.run();
    String second = world.urlMark;
    simulation.changeSpec(Simulation.rollBack(List.of(MASTER, SALT), "second", "litellm-r3"));
    simulation.run();

    assertThat(second).startsWith("keyrotation-r3-").isNotEqualTo(mark);
    assertThat(world.urlMark).startsWith("keyrotation-r3-back-");
    assertThat(simulation.status().history()).allMatch(e -> e.fencing() == Fencing.MARKS);
    Outcome.of(simulation, first).isExactly(first);
  }

  @Test
  void rollBackDrainsWhenMarksAreNoLongerAllowed() {
    FakeWorld world = world(OLD);
    world.fencePossible = true;
    world.pooled = true;
    Simulation simulation =
        new Simulation(world, Simulation.spec(List.of(MASTER, SALT), "first")).run();
    String mark = world.urlMark;

    world.pooled = false; // and so the spec allows no marks
    simulation.changeSpec(Simulation.rollBack(List.of(MASTER, SALT), "first", "litellm-r2"));
    simulation.run(1);

    assertThat(simulation.status().rotation().mode()).isEqualTo(RolloutMode.DRAIN);
    simulation.run();
    assertThat(world.urlMark).isEqualTo(mark);
    assertThat(simulation.status().lastResult()).isEqualTo(RotationResult.ROLLED_BACK);
  }

  @Test
  void markThatDoesNotReachTheDatabaseTurnsBackBeforeOldInstancesAreGoneAndFencesNobodyThen() {
    FakeWorld world = world(OLD);
    world.fencePossible = true;
    world.pooled = true;
    world.marksLost = true;
    world.slowRollout = true;
    Simulation simulation = new Simulation(world, Simulation.spec(List.of(MASTER, SALT), "first"));
    while (simulation.status().rotation() == null
        || simulation.status().rotation().direction() == Direction.FORWARD) {
      simulation.run(1);
    }

    assertThat(world.pods).anyMatch(pod -> pod.keys.equals(OLD));
    assertThat(simulation.status().rotation().fencing()).isEqualTo(Fencing.NOBODY);
    while (!world.changes.contains("reencrypt ROLL_BACK")) {
      simulation.run(1);
    }
    assertThat(world.fenceMark).isNull();
    simulation.run();

    assertThat(simulation.status().lastResult()).isEqualTo(RotationResult.ROLLED_BACK);
    assertThat(condition(simulation, "Rotated").getMessage()).contains("ConnectionMarkNotSeen");
    assertThat(world.changes)
        .containsSubsequence("mark URL keyrotation-r2-back-", "reencrypt ROLL_BACK");
    Outcome.of(simulation, OLD).isExactlyOld();
  }

  @Test
  void newInstanceAtTheAddressOfAnOldOneIsNotFenced() {
    FakeWorld world = world(OLD);
    world.fencePossible = true;
    Simulation simulation = new Simulation(world, Simulation.spec(List.of(SALT), "first"));
    while (world.templateStamp == null) {
      simulation.run(1);
    }
    FakeWorld.Pod old = world.pods.getFirst();
    assertThat(world.fenced).contains("pod-" + old.number);

    world.pods.set(0, new FakeWorld.Pod(old.number, world.templateStamp, world.consumer));
    simulation.run(1);

    assertThat(world.fenced).doesNotContain("pod-" + old.number).isNotEmpty();
  }

  @Test
  void fenceThatIsLeftOverIsRemovedAtRest() {
    FakeWorld world = world(OLD);
    world.fencePossible = true;
    world.fenced.add("10.9.9.9");
    Simulation simulation = new Simulation(world, Simulation.spec(List.of(SALT), null));

    simulation.run(5);

    assertThat(world.fenced).isEmpty();
    assertThat(effects(simulation)).containsExactly("remove fence");
  }

  @Test
  void processThatIsNoInstanceMakesAutoDrainInsteadOfFence() {
    FakeWorld world = world(OLD);
    world.fencePossible = true;
    world.strangeSessions = 1;
    Simulation simulation = new Simulation(world, Simulation.spec(List.of(MASTER, SALT), "first"));

    simulation.run(1);

    assertThat(simulation.status().rotation().mode()).isEqualTo(RolloutMode.DRAIN);
    assertThat(simulation.status().plan().warnings()).anyMatch(w -> w.contains("10.0.0.9"));
  }

  @Test
  void masterKeyAloneIsReplacedWithoutAnyInstanceMissing() {
    Simulation simulation = new Simulation(world(OLD), Simulation.spec(List.of(MASTER), "first"));

    simulation.run();

    assertThat(simulation.stepsSeen)
        .containsExactly(
            GENERATE_KEYS, OPEN_GRACE, PUBLISH_KEYS, RESTART_WORKLOADS, VERIFY, CLOSE_GRACE);
    assertThat(simulation.fewestReady).isEqualTo(2);
    Outcome.of(simulation, OLD).isExactlyNew();
  }

  @Test
  void masterKeyThatEncryptsIsReplacedTogetherWithTheValues() {
    Simulation simulation =
        new Simulation(world(OLD_WITHOUT_SALT), Simulation.spec(List.of(MASTER), "first"));

    simulation.run();

    assertThat(simulation.stepsSeen).contains(STOP_WORKLOADS, REENCRYPT_DATA);
    Outcome.of(simulation, OLD_WITHOUT_SALT).isExactlyNew();
  }

  @Test
  void legacyRowOfTheOldMasterKeyDoesNotKeepItAlive() {
    FakeWorld world = world(OLD);
    world.rows.add(OLD.master());
    Simulation simulation = new Simulation(world, Simulation.spec(List.of(MASTER), "first"));

    simulation.run();

    assertThat(world.rows).containsExactly(world.consumer.master());
    assertThat(simulation.status().history().getFirst().data().masterKeyRowsMoved()).isEqualTo(1);
    Outcome.of(simulation, OLD).isExactlyNew();
  }

  @Test
  void instanceThatTookTheNewKeyFromAGraceRowOnlyIsFoundOut() {
    FakeWorld world = world(OLD);
    world.tellsOrigin = false;
    Simulation simulation = new Simulation(world, Simulation.spec(List.of(MASTER), "first"));
    while (simulation.status().rotation() == null
        || simulation.status().rotation().step() != VERIFY) {
      simulation.run(1);
    }
    FakeWorld.Pod pod = world.pods.getFirst();
    FakeWorld.Pod stranger =
        new FakeWorld.Pod(
            pod.number, pod.stamp, new KeySet(KeyMaterial.of("sk-third-master"), OLD.salt()));
    stranger.age = pod.age;
    world.pods.set(0, stranger);

    simulation.run();

    assertThat(simulation.status().lastResult()).isEqualTo(RotationResult.ROLLED_BACK);
    assertThat(condition(simulation, "Rotated").getMessage())
        .contains("CLOSE_GRACE", "VerificationFailed");
    Outcome.of(simulation, OLD).isExactlyOld();
  }

  @Test
  void sameRequestAppliedAgainStartsNothing() {
    Simulation simulation =
        new Simulation(world(OLD), Simulation.spec(List.of(MASTER, SALT), "first")).run();
    int before = simulation.world.revisions.size();

    simulation.changeSpec(Simulation.spec(List.of(MASTER, SALT), "first"));
    simulation.run();

    assertThat(simulation.world.revisions).hasSize(before);
  }

  @Test
  void secondRequestRotatesFromTheActiveRevision() {
    Simulation simulation =
        new Simulation(world(OLD), Simulation.spec(List.of(MASTER, SALT), "first")).run();
    KeySet first = simulation.world.consumer;

    simulation.changeSpec(Simulation.spec(List.of(MASTER, SALT), "second"));
    simulation.run();

    assertThat(simulation.status().activeKeys().revision()).isEqualTo(3);
    assertThat(simulation.world.revisions.get(2L)).isEqualTo(first);
    assertThat(simulation.status().history()).hasSize(2);
  }

  @Test
  void instancesThatNeverGetReadyAreTakenBackToTheOldKeys() {
    FakeWorld world = world(OLD);
    world.newPodsNeverReady = true;
    Simulation simulation = new Simulation(world, Simulation.spec(List.of(MASTER, SALT), "first"));

    simulation.run();

    assertThat(simulation.status().lastResult()).isEqualTo(RotationResult.ROLLED_BACK);
    assertThat(condition(simulation, "Rotated").getMessage()).contains("StepDeadlineExceeded");
    Outcome.of(simulation, OLD).isExactlyOld();
  }

  @Test
  void instancesThatFailAtTheirStartAreTakenBackAtOnce() {
    FakeWorld world = world(OLD);
    world.newPodsNeverReady = true;
    world.newInstancesFail = true;
    Simulation simulation = new Simulation(world, Simulation.spec(List.of(MASTER, SALT), "first"));

    simulation.run();

    assertThat(simulation.status().lastResult()).isEqualTo(RotationResult.ROLLED_BACK);
    assertThat(condition(simulation, "Rotated").getMessage()).contains("WorkloadFailed");
    Outcome.of(simulation, OLD).isExactlyOld();
  }

  @Test
  void valueThatOpensUnderNoKeyEndsOnTheOldKeys() {
    FakeWorld world = world(OLD);
    world.unreadableValue = true;
    Simulation simulation = new Simulation(world, Simulation.spec(List.of(MASTER, SALT), "first"));

    simulation.run();

    assertThat(simulation.status().lastResult()).isEqualTo(RotationResult.ROLLED_BACK);
    assertThat(condition(simulation, "Rotated").getMessage()).contains("ValueUnreadable");
    Outcome.of(simulation, OLD).isExactlyOld();
  }

  @Test
  void unknownProcessInTheDatabaseEndsOnTheOldKeys() {
    FakeWorld world = world(OLD);
    world.strangeSessions = 1;
    Simulation simulation = new Simulation(world, Simulation.spec(List.of(MASTER, SALT), "first"));

    simulation.run();

    assertThat(simulation.status().lastResult()).isEqualTo(RotationResult.ROLLED_BACK);
    assertThat(condition(simulation, "Rotated").getMessage())
        .contains("DatabaseInUse", "10.0.0.9 reporting");
    Outcome.of(simulation, OLD).isExactlyOld();
  }

  @Test
  void databaseThatIsAwayForAWhileDelaysAndDoesNotRollBack() {
    FakeWorld world = world(OLD);
    Simulation simulation = new Simulation(world, Simulation.spec(List.of(MASTER, SALT), "first"));
    simulation.run(6);
    world.databaseDown = true;
    simulation.run(80);

    world.databaseDown = false;
    simulation.run();

    assertThat(simulation.status().lastResult()).isEqualTo(RotationResult.SUCCEEDED);
    Outcome.of(simulation, OLD).isExactlyNew();
  }

  @Test
  void missingSecretIsAFindingAndNothingIsWritten() {
    FakeWorld world = world(OLD);
    world.consumer = null;
    Simulation simulation = new Simulation(world, Simulation.spec(List.of(MASTER, SALT), "first"));

    simulation.run(5);

    assertThat(world.changes).allMatch("status"::equals);
    assertThat(condition(simulation, "PreflightPassed").getStatus()).isEqualTo("False");
    assertThat(condition(simulation, "Stalled").getReason()).isEqualTo("SecretNotFound");
  }

  @Test
  void lostKeySecretStallsAndMakesNoNewKey() {
    FakeWorld world = world(OLD);
    Simulation simulation = new Simulation(world, Simulation.spec(List.of(MASTER, SALT), "first"));
    while (simulation.status().rotation() == null
        || simulation.status().rotation().step() != RESTART_WORKLOADS) {
      simulation.run(1);
    }
    world.revisions.remove(2L);

    simulation.run(1_000);

    assertThat(condition(simulation, "Stalled").getReason()).isEqualTo("KeySecretLost");
    assertThat(world.revisions.keySet()).containsExactly(1L);
  }

  @Test
  void previousKeysAreRemovedAfterTheirRetention() {
    FakeWorld world = world(OLD);
    Simulation simulation =
        new Simulation(world, Simulation.spec(List.of(MASTER, SALT), "first")).run();

    world.now = world.now.plusSeconds(31L * 24 * 3600);
    simulation.run();

    assertThat(world.revisions.keySet()).containsExactly(2L);
    assertThat(simulation.status().history().getFirst().retiredAt()).isNotNull();
  }

  // ---- roll back on request -------------------------------------------------------------------

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void endedRotationIsRolledBackOnRequestAndOnlyOnce(boolean salt) {
    List<KeyKind> keys = salt ? List.of(MASTER, SALT) : List.of(MASTER);
    FakeWorld world = world(OLD);
    world.rows.add(OLD.master());
    Simulation simulation = new Simulation(world, Simulation.spec(keys, "first")).run();

    simulation.changeSpec(Simulation.rollBack(keys, "first", "litellm-r2"));
    simulation.run();
    List<String> effects = effects(simulation);
    simulation.changeSpec(Simulation.rollBack(keys, "first", "litellm-r2"));
    simulation.run();

    assertThat(simulation.status().lastResult()).isEqualTo(RotationResult.ROLLED_BACK);
    assertThat(simulation.status().activeKeys().revision()).isEqualTo(1);
    assertThat(effects(simulation)).isEqualTo(effects);
    assertThat(world.rows).containsExactly(OLD.master());
    assertThat(condition(simulation, "RollBackPossible").getStatus()).isEqualTo("False");
    world.rows.clear(); // it was there before the rotation, and is there again
    Outcome.of(simulation, OLD).isExactlyOld();
  }

  @Test
  void rotationUnderWayIsTurnedBackOnRequest() {
    FakeWorld world = world(OLD);
    Simulation simulation = new Simulation(world, Simulation.spec(List.of(MASTER, SALT), "first"));
    while (simulation.status().rotation() == null
        || simulation.status().rotation().step() != VERIFY) {
      simulation.run(1);
    }

    simulation.changeSpec(Simulation.rollBack(List.of(MASTER, SALT), "first", "litellm-r2"));
    simulation.run();

    assertThat(condition(simulation, "Rotated").getMessage()).contains("RollBackRequested");
    Outcome.of(simulation, OLD).isExactlyOld();
  }

  @Test
  void keysThatAreInUseAgainAreNotRetired() {
    FakeWorld world = world(OLD);
    Simulation simulation =
        new Simulation(world, Simulation.spec(List.of(MASTER, SALT), "first")).run();
    simulation.changeSpec(Simulation.rollBack(List.of(MASTER, SALT), "first", "litellm-r2"));
    simulation.run();

    world.now = world.now.plusSeconds(31L * 24 * 3600);
    simulation.run();

    assertThat(world.revisions.keySet()).containsExactly(1L);
  }

  // ---- status lost ----------------------------------------------------------------------------

  @Test
  void statusThatIsLostAtRestIsRebuiltAndNothingRotatesAgain() {
    Simulation simulation =
        new Simulation(world(OLD), Simulation.spec(List.of(MASTER, SALT), "first")).run();
    List<String> before = effects(simulation);
    KeySet keys = simulation.world.consumer;

    simulation.stored = simulation.withStatus(null);
    simulation.run();

    assertThat(effects(simulation)).isEqualTo(before);
    assertThat(simulation.world.consumer).isEqualTo(keys);
    assertThat(simulation.status().activeKeys().revision()).isEqualTo(2);
    assertThat(simulation.status().handledRequest()).isEqualTo("first");
  }

  @Test
  void statusThatIsLostHalfWayHaltsAndMakesNoNewKey() {
    FakeWorld world = world(OLD);
    Simulation simulation = new Simulation(world, Simulation.spec(List.of(MASTER, SALT), "first"));
    while (simulation.status().rotation() == null
        || simulation.status().rotation().step() != REENCRYPT_DATA) {
      simulation.run(1);
    }
    List<String> before = effects(simulation);

    simulation.stored = simulation.withStatus(null);
    simulation.run(50);

    assertThat(effects(simulation)).isEqualTo(before);
    assertThat(condition(simulation, "Stalled").getReason()).isEqualTo("StatusLost");
  }

  // ---- killed at every point ------------------------------------------------------------------

  /** What is rotated, and what is wrong meanwhile. */
  enum Story {
    BOTH_KEYS(OLD, List.of(MASTER, SALT), world -> {}),
    MASTER_ALONE(OLD, List.of(MASTER), world -> {}),
    MASTER_WITH_LEGACY_ROW(OLD, List.of(MASTER), world -> world.rows.add(OLD.master())),
    SALT_ALONE(OLD, List.of(SALT), world -> {}),
    NO_SALT(OLD_WITHOUT_SALT, List.of(MASTER), world -> {}),
    SALT_INTRODUCED(OLD_WITHOUT_SALT, List.of(SALT), world -> {}),
    PODS_NEVER_READY(OLD, List.of(MASTER, SALT), world -> world.newPodsNeverReady = true),
    MASTER_PODS_NEVER_READY(OLD, List.of(MASTER), world -> world.newPodsNeverReady = true),
    UNREADABLE_VALUE(OLD, List.of(MASTER, SALT), world -> world.unreadableValue = true),
    FENCED(OLD, List.of(MASTER, SALT), world -> world.fencePossible = true),
    FENCED_NO_SALT(OLD_WITHOUT_SALT, List.of(MASTER), world -> world.fencePossible = true),
    FENCED_LATE_WRITE(
        OLD,
        List.of(SALT),
        world -> {
          world.fencePossible = true;
          world.oldPodWritesOnceMore = true;
        }),
    FENCED_PODS_NEVER_READY(
        OLD,
        List.of(MASTER, SALT),
        world -> {
          world.fencePossible = true;
          world.newPodsNeverReady = true;
        }),
    FENCED_BY_MARK(OLD, List.of(MASTER, SALT), world -> behindPooler(world)),
    FENCED_BY_MARK_NO_SALT(OLD_WITHOUT_SALT, List.of(MASTER), world -> behindPooler(world)),
    FENCED_BY_MARK_RESTLESS(
        OLD,
        List.of(MASTER, SALT),
        world -> {
          behindPooler(world);
          world.restless = true;
        }),
    FENCED_BY_MARK_PODS_NEVER_READY(
        OLD,
        List.of(MASTER, SALT),
        world -> {
          behindPooler(world);
          world.newPodsNeverReady = true;
        }),
    COPIES(
        OLD,
        List.of(MASTER, SALT),
        world -> {
          world.fencePossible = true;
          withCopies(world);
        }),
    COPIES_DRAIN(OLD, List.of(MASTER, SALT), world -> withCopies(world)),
    COPIES_PODS_NEVER_READY(
        OLD,
        List.of(MASTER),
        world -> {
          withCopies(world);
          world.newPodsNeverReady = true;
        }),
    PUBLISH_REFUSED(OLD, List.of(MASTER, SALT), world -> world.publishRefused = true);

    final KeySet old;
    final List<KeyKind> keys;
    final Consumer<FakeWorld> trouble;

    static void withCopies(FakeWorld world) {
      world.copies.put("job", OLD.master());
      world.copies.put("ui", OLD.master());
    }

    private static void behindPooler(FakeWorld world) {
      world.fencePossible = true;
      world.pooled = true;
    }

    Story(KeySet old, List<KeyKind> keys, Consumer<FakeWorld> trouble) {
      this.old = old;
      this.keys = keys;
      this.trouble = trouble;
    }

    Simulation begin() {
      FakeWorld world = world(old);
      trouble.accept(world);
      return new Simulation(world, Simulation.spec(keys, "first"));
    }
  }

  @ParameterizedTest
  @EnumSource
  void processKilledAtAnyPointEndsExactlyAsWithoutTheKill(Story story) {
    Simulation undisturbed = story.begin().run();
    List<String> effects = effects(undisturbed);
    RotationResult result = undisturbed.status().lastResult();
    int points = undisturbed.world.changes.size();

    for (int point = 0; point < points; point++) {
      for (boolean after : List.of(false, true)) {
        Simulation killed = story.begin();
        killed.world.killAt = point;
        killed.world.killAfter = after;
        killed.run();

        String where =
            (after ? "after" : "before")
                + " change "
                + point
                + ": "
                + undisturbed.world.changes.get(point);
        assertThat(killed.kills).as(where).isEqualTo(1);
        assertThat(killed.status().lastResult()).as(where).isEqualTo(result);
        assertThat(effects(killed))
            .as("no effect is made twice, killed " + where)
            .isEqualTo(effects);
        if (result == RotationResult.SUCCEEDED) {
          Outcome.of(killed, story.old).isExactlyNew();
        } else {
          Outcome.of(killed, story.old).isExactlyOld();
        }
      }
    }
    assertThat(points).isGreaterThan(10);
  }

  private static List<String> effects(Simulation simulation) {
    // While a process is away more old instances may go, and the fence then shrinks in one step
    // instead of two.
    return simulation.world.changes.stream()
        .filter(
            change ->
                !change.equals("status")
                    && !change.startsWith("claim ")
                    && !change.matches("shrink fence to [1-9]"))
        .toList();
  }

  private static Condition condition(Simulation simulation, String type) {
    return simulation.status().conditions().stream()
        .filter(c -> c.getType().equals(type))
        .findFirst()
        .orElseThrow();
  }
}
