package dev.keyrotation.engine;

import static dev.keyrotation.api.v1alpha1.KeyKind.MASTER;
import static dev.keyrotation.api.v1alpha1.KeyKind.SALT;
import static org.assertj.core.api.Assertions.assertThat;

import dev.keyrotation.api.v1alpha1.KeyKind;
import dev.keyrotation.api.v1alpha1.KeyRotationSpec;
import dev.keyrotation.api.v1alpha1.RedisSpec;
import dev.keyrotation.api.v1alpha1.RotationResult;
import dev.keyrotation.api.v1alpha1.StepName;
import dev.keyrotation.api.v1alpha1.UrlSource;
import dev.keyrotation.key.KeyMaterial;
import dev.keyrotation.key.KeySet;
import dev.keyrotation.proxy.ProxyApi.KeyAnswer;
import io.fabric8.kubernetes.api.model.Condition;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** How long the old master key works beside the new one, and that it ends. */
class GraceTest {
  private static final KeySet OLD =
      new KeySet(KeyMaterial.of("sk-old-master"), KeyMaterial.of("sk-old-salt"));

  private final FakeWorld world = new FakeWorld(OLD, 2, 7);

  private static KeyRotationSpec spec(List<KeyKind> keys, String gracePeriod) {
    return Simulation.spec(keys, "first").with().gracePeriod(gracePeriod).build();
  }

  private Simulation begin(List<KeyKind> keys, String gracePeriod) {
    return new Simulation(world, spec(keys, gracePeriod));
  }

  private static Simulation runTo(Simulation simulation, StepName step) {
    while (simulation.status().rotation() == null
        || simulation.status().rotation().step() != step) {
      simulation.run(1);
    }
    return simulation;
  }

  /** Instances that accept the old master key now. */
  private long accepting() {
    return world.pods.stream()
        .map(pod -> URI.create("http://pod-" + pod.number + ":4000"))
        .filter(url -> world.proxy().ask(url, OLD.master()) instanceof KeyAnswer.Accepted)
        .count();
  }

  /** How the instances are restarted. */
  enum Way {
    ROLLING(List.of(MASTER), false),
    FENCED(List.of(MASTER, SALT), true),
    DRAIN(List.of(MASTER, SALT), false);

    final List<KeyKind> keys;
    final boolean fence;

    Way(List<KeyKind> keys, boolean fence) {
      this.keys = keys;
      this.fence = fence;
    }
  }

  /**
   * The row of the target key once was too short for the step that asks whether it is long enough.
   */
  @Test
  void aStepDeadlineOfSecondsIsNoObstacle() {
    world.fencePossible = true;
    KeyRotationSpec hurried =
        Simulation.spec(List.of(MASTER, SALT), "first").with().stepDeadline("20s").build();

    Simulation simulation = new Simulation(world, hurried).run(200);

    assertThat(simulation.status().lastResult()).isEqualTo(RotationResult.SUCCEEDED);
  }

  @ParameterizedTest
  @EnumSource
  void oldMasterKeyWorksOnEveryInstanceUntilTheGracePeriodAfterTheRestartIsOver(Way way) {
    world.fencePossible = way.fence;
    Simulation simulation = runTo(begin(way.keys, "10m"), StepName.CLOSE_GRACE).run(2);
    Instant end =
        Instant.parse(simulation.status().rotation().stepStartedAt()).plus(Duration.ofMinutes(10));

    while (world.now.isBefore(end.minusSeconds(1))) {
      assertThat(accepting()).isEqualTo(2);
      simulation.run(1);
    }
    world.now = end; // nobody does anything more
    long left = accepting();
    simulation.run();

    assertThat(left).isZero();
    Outcome.of(simulation, OLD).isExactlyNew();
  }

  @ParameterizedTest
  @EnumSource
  void oldMasterKeyEndsByItselfWhenTheOperatorNeverComesBack(Way way) {
    world.fencePossible = way.fence;
    Simulation simulation = runTo(begin(way.keys, "10m"), StepName.VERIFY);

    Instant gone = world.now;
    while (accepting() > 0 && world.now.isBefore(gone.plus(Duration.ofDays(1)))) {
      world.tick();
    }

    assertThat(Duration.between(gone, world.now))
        .isBetween(Duration.ofMinutes(10), Duration.ofMinutes(16));
    assertThat(simulation.status().rotation()).isNotNull();
  }

  @ParameterizedTest
  @EnumSource
  void processKilledAtAnyPointEndsWithTheSameEffects(Way way) {
    List<String> expected = effects(story(way, Integer.MAX_VALUE).run());

    for (int point = 0; point < expected.size() * 2; point++) {
      Simulation killed = story(way, point).run();

      assertThat(killed.status().lastResult()).isEqualTo(RotationResult.SUCCEEDED);
      assertThat(effects(killed)).as("killed after change " + point).isEqualTo(expected);
      Outcome.of(killed, OLD).isExactlyNew();
    }
  }

  private static Simulation story(Way way, int killAt) {
    FakeWorld world = new FakeWorld(OLD, 2, 7);
    world.fencePossible = way.fence;
    world.killAt = killAt;
    world.killAfter = true;
    return new Simulation(world, spec(way.keys, "1m"));
  }

  private static List<String> effects(Simulation simulation) {
    // A process that takes over claims what the one before it had claimed.
    return simulation.world.changes.stream()
        .filter(
            change ->
                !change.equals("status")
                    && !change.startsWith("claim ")
                    && !change.matches("shrink fence to [1-9]"))
        .toList();
  }

  @Test
  void withoutGracePeriodTheOldMasterKeyOutlivesTheOperatorByMinutesOnly() {
    runTo(begin(List.of(MASTER), "0"), StepName.VERIFY);

    world.now = world.now.plus(Duration.ofMinutes(6));

    assertThat(accepting()).isZero();
  }

  @Test
  void leaseIsExtendedWhileARestartTakesLong() {
    world.newPodsNeverReady = true;
    Simulation simulation = begin(List.of(MASTER), "0");
    simulation.changeSpec(
        Simulation.spec(List.of(MASTER), "first").with().stepDeadline("30m").build());
    runTo(simulation, StepName.RESTART_WORKLOADS);
    Instant later = world.now.plus(Duration.ofMinutes(20));
    while (world.now.isBefore(later)) {
      simulation.run(1);
    }

    assertThat(world.grace.get(OLD.master())).isAfter(world.now.plusSeconds(60));
    assertThat(world.grace.get(OLD.master())).isBefore(world.now.plusSeconds(400));
    world.newPodsNeverReady = false;
    simulation.run();
    Outcome.of(simulation, OLD).isExactlyNew();
  }

  @Test
  void laterEndOfTheGraceExtendsIt() {
    Simulation simulation = runTo(begin(List.of(MASTER), "2m"), StepName.CLOSE_GRACE).run(2);
    Instant began = Instant.parse(simulation.status().rotation().stepStartedAt());

    simulation.changeSpec(spec(List.of(MASTER), "20m"));
    simulation.run(2);

    assertThat(world.grace.get(OLD.master())).isEqualTo(began.plus(Duration.ofMinutes(20)));
    simulation.run();
    Outcome.of(simulation, OLD).isExactlyNew();
  }

  @Test
  void legacyRowThatInstancesHaveCachedIsWaitedForAfterALongGrace() {
    world.rows.add(OLD.master());

    Simulation simulation = begin(List.of(MASTER), "10m").run();

    assertThat(simulation.status().lastResult()).isEqualTo(RotationResult.SUCCEEDED);
    Outcome.of(simulation, OLD).isExactlyNew();
  }

  @Test
  void rotationTurnedBackAtTheEndOfItsGraceKeepsTheOldKeyWorkingThroughTheRestart() {
    Simulation simulation = runTo(begin(List.of(MASTER), "2m"), StepName.CLOSE_GRACE);
    world.now = world.now.plusSeconds(115);

    simulation.changeSpec(
        Simulation.rollBack(List.of(MASTER), "first", "litellm-r2")
            .with()
            .gracePeriod("2m")
            .build());
    runTo(simulation, StepName.PUBLISH_KEYS);
    while (simulation.status().rotation() != null) {
      assertThat(accepting()).isEqualTo(world.pods.stream().filter(world::ready).count());
      simulation.run(1);
    }

    Outcome.of(simulation, OLD).isExactlyOld();
  }

  private static KeyRotationSpec withRedis() {
    return spec(List.of(MASTER), "0")
        .with()
        .redis(new RedisSpec(UrlSource.ofSecret("redis", "url"), null))
        .build();
  }

  @Test
  void entryOfTheOldKeyInASharedCacheIsDeletedWhenTheLastOldInstanceIsGone() {
    Simulation simulation = runTo(new Simulation(world, withRedis()), StepName.CLOSE_GRACE);
    world.inRedis.add(OLD.master());

    simulation.run();

    assertThat(world.changes).containsOnlyOnce("evict");
    assertThat(world.inRedis).isEmpty();
    Outcome.of(simulation, OLD).isExactlyNew();
  }

  @Test
  void entryThatAnInstanceWritesBackIsDeletedAgain() {
    Simulation simulation = runTo(new Simulation(world, withRedis()), StepName.CLOSE_GRACE);
    world.inRedis.add(OLD.master());
    while (!world.changes.contains("evict")) {
      simulation.run(1);
    }
    world.inRedis.add(OLD.master());

    simulation.run();

    assertThat(world.changes).filteredOn("evict"::equals).hasSize(2);
    Outcome.of(simulation, OLD).isExactlyNew();
  }

  @Test
  void redisThatDoesNotAnswerBlocksBeforeAndIsWaitedForAfterwards() {
    world.redisDown = true;
    Simulation simulation = new Simulation(world, withRedis()).run(3);
    boolean blocked = simulation.status().plan().findings().getFirst().contains("RedisUnavailable");
    world.redisDown = false;
    runTo(simulation, StepName.CLOSE_GRACE);
    world.redisDown = true;
    simulation.run(400);
    String stalled = simulation.status().rotation().stalled().reason();

    world.redisDown = false;
    simulation.run();

    assertThat(blocked).isTrue();
    assertThat(stalled).isEqualTo("RedisUnavailable");
    Outcome.of(simulation, OLD).isExactlyNew();
  }

  @Test
  void instanceOnAThirdKeyHoldsVerificationUpAndLosesNoClient() {
    Simulation simulation = runTo(begin(List.of(MASTER), "0"), StepName.VERIFY);
    FakeWorld.Pod pod = world.pods.getFirst();
    FakeWorld.Pod stranger =
        new FakeWorld.Pod(
            pod.number, pod.stamp, new KeySet(KeyMaterial.of("sk-third-master"), OLD.salt()));
    stranger.age = pod.age;
    world.pods.set(0, stranger);
    simulation.run(400);

    Condition stalled =
        simulation.status().conditions().stream()
            .filter(c -> c.getType().equals("Stalled"))
            .findFirst()
            .orElseThrow();
    assertThat(stalled.getStatus()).isEqualTo("True");
    assertThat(stalled.getMessage()).contains("pod-" + pod.number, "row of the token table");
    assertThat(accepting()).isEqualTo(2);

    world.pods.set(0, pod); // somebody mends it
    simulation.run();
    Outcome.of(simulation, OLD).isExactlyNew();
  }
}
