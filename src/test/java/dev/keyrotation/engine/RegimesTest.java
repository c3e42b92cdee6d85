package dev.keyrotation.engine;

import static dev.keyrotation.api.v1alpha1.KeyKind.MASTER;
import static dev.keyrotation.api.v1alpha1.KeyKind.SALT;
import static org.assertj.core.api.Assertions.assertThat;

import dev.keyrotation.api.v1alpha1.KeyKind;
import dev.keyrotation.api.v1alpha1.RolloutMode;
import dev.keyrotation.api.v1alpha1.RotationResult;
import dev.keyrotation.api.v1alpha1.StepName;
import dev.keyrotation.key.KeyMaterial;
import dev.keyrotation.key.KeySet;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Every combination of keys that there are and keys that are replaced, there and back. */
class RegimesTest {
  private static final KeyMaterial OLD_MASTER = KeyMaterial.of("sk-old-master");
  private static final KeySet WITH_SALT = new KeySet(OLD_MASTER, KeyMaterial.of("sk-old-salt"));
  private static final KeySet WITHOUT_SALT = new KeySet(OLD_MASTER, null);

  /** What there is, what is replaced, and whether stored values have to change for it. */
  enum Regime {
    MASTER_ALONE(WITH_SALT, List.of(MASTER), false),
    SALT_ALONE(WITH_SALT, List.of(SALT), true),
    BOTH(WITH_SALT, List.of(MASTER, SALT), true),
    MASTER_THAT_ENCRYPTS(WITHOUT_SALT, List.of(MASTER), true),
    SALT_ADOPTED(WITHOUT_SALT, List.of(SALT), true),
    SALT_ADOPTED_WITH_A_NEW_MASTER(WITHOUT_SALT, List.of(MASTER, SALT), true);

    final KeySet old;
    final List<KeyKind> keys;
    final boolean reencrypts;

    Regime(KeySet old, List<KeyKind> keys, boolean reencrypts) {
      this.old = old;
      this.keys = keys;
      this.reencrypts = reencrypts;
    }
  }

  static Stream<Arguments> regimes() {
    return Stream.of(Regime.values())
        .flatMap(regime -> Stream.of(true, false).map(fence -> Arguments.of(regime, fence)));
  }

  private static Simulation begin(Regime regime, boolean fence) {
    FakeWorld world = new FakeWorld(regime.old, 2, 7);
    world.fencePossible = fence;
    return new Simulation(world, Simulation.spec(regime.keys, "first"));
  }

  private static void rollBack(Simulation simulation, Regime regime) {
    simulation.changeSpec(Simulation.rollBack(regime.keys, "first", "litellm-r2"));
  }

  @ParameterizedTest
  @MethodSource("regimes")
  void keysAreReplacedAndTheOthersKept(Regime regime, boolean fence) {
    Simulation simulation = begin(regime, fence).run();

    KeySet now = Objects.requireNonNull(simulation.world.consumer);
    assertThat(now.master().equals(OLD_MASTER)).isEqualTo(!regime.keys.contains(MASTER));
    assertThat(Objects.equals(now.salt(), regime.old.salt()))
        .isEqualTo(!regime.keys.contains(SALT));
    assertThat(simulation.status().history().getFirst().mode())
        .isEqualTo(
            !regime.reencrypts
                ? RolloutMode.ROLLING
                : fence ? RolloutMode.FENCED : RolloutMode.DRAIN);
    Outcome.of(simulation, regime.old).isExactlyNew();
  }

  @ParameterizedTest
  @MethodSource("regimes")
  void endedRotationGoesBackOnRequest(Regime regime, boolean fence) {
    Simulation simulation = begin(regime, fence).run();

    rollBack(simulation, regime);
    simulation.run();

    assertThat(simulation.status().lastResult()).isEqualTo(RotationResult.ROLLED_BACK);
    Outcome.of(simulation, regime.old).isExactlyOld();
  }

  @ParameterizedTest
  @MethodSource("regimes")
  void rotationUnderWayGoesBackFromEveryStep(Regime regime, boolean fence) {
    List<StepName> steps = begin(regime, fence).run().stepsSeen;
    for (StepName step : steps) {
      Simulation simulation = begin(regime, fence);
      while (simulation.status().rotation() == null
          || simulation.status().rotation().step() != step) {
        simulation.run(1);
      }

      rollBack(simulation, regime);
      simulation.run();

      assertThat(simulation.status().lastResult())
          .as("turned back in " + step)
          .isIn(RotationResult.ROLLED_BACK, RotationResult.ABANDONED);
      Outcome.of(simulation, regime.old).isExactlyOld();
    }
  }

  @ParameterizedTest
  @MethodSource("regimes")
  void wayBackOfAKilledOperatorEndsTheSame(Regime regime, boolean fence) {
    Simulation undisturbed = begin(regime, fence).run();
    int forward = undisturbed.world.changes.size();
    rollBack(undisturbed, regime);
    int all = undisturbed.run().world.changes.size();

    for (int point = forward; point < all; point++) {
      Simulation killed = begin(regime, fence);
      killed.world.killAt = point;
      killed.world.killAfter = true;
      killed.run();
      rollBack(killed, regime);
      killed.run();

      assertThat(killed.kills).isEqualTo(1);
      Outcome.of(killed, regime.old).isExactlyOld();
    }
  }
}
