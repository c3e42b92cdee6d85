package dev.keyrotation.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.keyrotation.api.v1alpha1.RotationResult;
import dev.keyrotation.engine.RotationEngineTest.Story;
import java.time.Duration;
import java.util.List;
import java.util.function.BiConsumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.FieldSource;

/**
 * Two processes of the operator, one of which sleeps right before one of its writes: a long garbage
 * collection, a stopped container, a lost network. {@link Simulation} fails when it changes
 * anything after it wakes.
 */
class StaleProcessTest {

  private static final List<Story> STORIES =
      List.of(
          Story.BOTH_KEYS,
          Story.MASTER_ALONE,
          Story.SALT_INTRODUCED,
          Story.PODS_NEVER_READY,
          Story.PUBLISH_REFUSED,
          Story.FENCED,
          Story.FENCED_LATE_WRITE,
          Story.FENCED_BY_MARK,
          Story.COPIES,
          Story.COPIES_DRAIN);

  /** What the other process does while the first sleeps. */
  enum Meanwhile {
    FINISHES((simulation, story) -> simulation.run()),
    ROLLS_BACK(
        (simulation, story) -> {
          simulation.changeSpec(Simulation.rollBack(story.keys, "first", "litellm-r2"));
          simulation.run();
        }),
    FINISHES_AND_RETIRES(
        (simulation, story) -> {
          simulation.run();
          simulation.world.now = simulation.world.now.plus(Duration.ofDays(31));
          simulation.run();
        });

    final BiConsumer<Simulation, Story> what;

    Meanwhile(BiConsumer<Simulation, Story> what) {
      this.what = what;
    }
  }

  @ParameterizedTest
  @EnumSource
  void processThatSleptBeforeAnyWriteChangesNothing(Meanwhile meanwhile) {
    for (Story story : STORIES) {
      Simulation undisturbed = story.begin().run();
      for (int point = 0; point < undisturbed.world.changes.size(); point++) {
        Simulation simulation = story.begin();
        simulation.sleepBefore(point, () -> meanwhile.what.accept(simulation, story));
        boolean succeeds =
            undisturbed.status().lastResult() == RotationResult.SUCCEEDED
                && meanwhile != Meanwhile.ROLLS_BACK;
        try {
          simulation.run();

          if (succeeds) {
            Outcome.of(simulation, story.old).isExactlyNew();
          } else {
            Outcome.of(simulation, story.old).isExactlyOld();
          }
        } catch (AssertionError e) {
          throw new AssertionError(
              story + ", before change " + point + ": " + undisturbed.world.changes.get(point), e);
        }
      }
    }
  }

  /** The other process takes a few turns and dies; the first wakes and is alone. */
  @ParameterizedTest
  @FieldSource("STORIES")
  void processThatWakesAloneFinishesWhatTheOtherBegan(Story story) {
    Simulation undisturbed = story.begin().run();
    RotationResult result = undisturbed.status().lastResult();
    for (int turns : new int[] {1, 5}) {
      for (int point = 0; point < undisturbed.world.changes.size(); point++) {
        Simulation simulation = story.begin();
        simulation.sleepBefore(point, () -> simulation.run(turns));
        simulation.mayGoOn = true;

        simulation.run();

        assertThat(simulation.status().lastResult()).isEqualTo(result);
        if (result == RotationResult.SUCCEEDED) {
          Outcome.of(simulation, story.old).isExactlyNew();
        } else {
          Outcome.of(simulation, story.old).isExactlyOld();
        }
      }
    }
  }

  /** As after a restored backup of the resource: the world knows later epochs than the status. */
  @Test
  void statusThatForgotItsEpochGoesAboveTheEpochsInTheWorld() {
    Simulation simulation = Story.BOTH_KEYS.begin().run();
    long last = simulation.status().epoch().number();

    simulation.stored = simulation.withStatus(simulation.status().withEpoch(null));
    simulation.restart();
    simulation.changeSpec(Simulation.spec(Story.BOTH_KEYS.keys, "second"));
    simulation.run();

    assertThat(simulation.status().lastResult()).isEqualTo(RotationResult.SUCCEEDED);
    assertThat(simulation.status().epoch().number()).isGreaterThan(last);
    assertThat(simulation.status().activeKeys().revision()).isEqualTo(3);
  }

  @Test
  void nothingIsMarkedWhileNoRotationIsUnderWay() {
    Simulation simulation = Story.BOTH_KEYS.begin();
    simulation.changeSpec(Simulation.spec(Story.BOTH_KEYS.keys, null));

    simulation.run(5);

    assertThat(simulation.world.changes).allMatch("status"::equals);
    assertThat(simulation.status().epoch()).isNull();
  }
}
