package dev.keyrotation.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.keyrotation.key.KeyMaterial;
import dev.keyrotation.key.KeySet;
import dev.keyrotation.proxy.ProxyApi.KeyAnswer;
import java.net.URI;
import java.util.Objects;

/**
 * Judges how a simulated rotation ended: exactly the old state or exactly the new one, never
 * between.
 */
final class Outcome {
  private final Simulation simulation;
  private final KeySet old;

  private Outcome(Simulation simulation, KeySet old) {
    this.simulation = simulation;
    this.old = old;
  }

  static Outcome of(Simulation simulation, KeySet old) {
    return new Outcome(simulation, old);
  }

  void isExactlyNew() {
    KeySet now = Objects.requireNonNull(simulation.world.consumer);
    assertThat(now).isNotEqualTo(old);
    isExactly(now);
    if (!now.master().equals(old.master())) {
      assertThat(acceptedSomewhere(old.master())).isFalse();
    }
  }

  void isExactlyOld() {
    isExactly(old);
    simulation.world.revisions.values().stream()
        .map(KeySet::master)
        .filter(master -> !master.equals(old.master()))
        .forEach(master -> assertThat(acceptedSomewhere(master)).isFalse());
  }

  void isExactly(KeySet keys) {
    FakeWorld world = simulation.world;
    assertThat(world.violations).isEmpty();
    assertThat(simulation.status().rotation()).isNull();
    assertThat(world.consumer).isEqualTo(keys);
    assertThat(world.values).hasSize(7).containsOnly(keys.encryption());
    assertThat(world.pods).hasSize(2).allMatch(pod -> pod.keys.equals(keys));
    assertThat(world.grace).isEmpty();
    assertThat(world.fenced).isEmpty();
    assertThat(world.fenceMark).isNull();
    assertThat(acceptedSomewhere(keys.master())).isTrue();
    assertThat(world.copies.values()).allMatch(keys.master()::equals);
  }

  private boolean acceptedSomewhere(KeyMaterial key) {
    return simulation.world.pods.stream()
        .map(pod -> URI.create("http://pod-" + pod.number + ":4000"))
        .anyMatch(url -> simulation.world.proxy().ask(url, key) instanceof KeyAnswer.Accepted);
  }
}
