package dev.keyrotation.engine;

import dev.keyrotation.api.v1alpha1.KeyKind;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.KeyRotationSpec;
import dev.keyrotation.database.RotationDatabase;
import dev.keyrotation.key.KeyMaterial;
import dev.keyrotation.key.KeySet;
import dev.keyrotation.observe.LiveCheck;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.List;

/** The simulated world for another host of the engine than {@link Simulation}. */
public final class HostedWorld {
  public static final KeySet OLD =
      new KeySet(KeyMaterial.of("sk-canary-old-master"), KeyMaterial.of("sk-canary-old-salt"));

  private final FakeWorld world = new FakeWorld(OLD, 2, 7);
  private final Simulation simulation =
      new Simulation(world, Simulation.spec(List.of(KeyKind.MASTER, KeyKind.SALT), null));

  /** A spec that fits it. */
  public static KeyRotationSpec spec() {
    return Simulation.spec(List.of(KeyKind.MASTER, KeyKind.SALT), null);
  }

  /** An engine as a new process makes it. */
  public RotationEngine engine() {
    return simulation.newProcess();
  }

  public LiveCheck liveCheck() {
    return new LiveCheck(
        world.keyStore(),
        world.workloads(),
        world.proxies(),
        rotation -> world.database(),
        new SecureRandom());
  }

  public Clock clock() {
    return new Clock() {
      @Override
      public Instant instant() {
        return world.now;
      }

      @Override
      public ZoneId getZone() {
        return ZoneOffset.UTC;
      }

      @Override
      public Clock withZone(ZoneId zone) {
        return this;
      }
    };
  }

  public void tick() {
    world.tick();
  }

  public int changes() {
    return world.changes.size();
  }

  /** The process dies at the change with this number, right before or right after it. */
  public void killAt(int change, boolean after) {
    world.killAt = change;
    world.killAfter = after;
  }

  public void newPodsNeverReady() {
    world.newPodsNeverReady = true;
  }

  public void databaseDown(boolean down) {
    world.databaseDown = down;
  }

  public void databaseClockIsAhead(Duration time) {
    world.databaseAhead = time;
  }

  public RotationDatabase database() {
    return world.database();
  }

  /** Somebody writes a row for the old master key. */
  public void oldMasterWorksAgain() {
    world.rows.add(OLD.master());
  }

  /** Somebody restarts every instance with other keys. */
  public void keysChangedByHand() {
    world.consumer =
        new KeySet(KeyMaterial.of("sk-canary-by-hand"), KeyMaterial.of("sk-canary-old-salt"));
  }

  public List<String> keysInUse() {
    return world.revisions.values().stream()
        .flatMap(
            keys ->
                java.util.stream.Stream.of(
                    keys.master().reveal(), java.util.Objects.requireNonNull(keys.salt()).reveal()))
        .toList();
  }

  public void isExactlyNew(KeyRotation resource) {
    simulation.stored = resource;
    Outcome.of(simulation, OLD).isExactlyNew();
  }

  public void isExactlyOld(KeyRotation resource) {
    simulation.stored = resource;
    Outcome.of(simulation, OLD).isExactlyOld();
  }

  /** Whether an error is the death of the process. */
  public static boolean isKill(Throwable error) {
    return error instanceof FakeWorld.Killed;
  }
}
