package dev.keyrotation.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.keyrotation.api.v1alpha1.DatabaseSpec;
import dev.keyrotation.api.v1alpha1.KeyKind;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.KeyRotationSpec;
import dev.keyrotation.api.v1alpha1.KeyRotationSpecBuilder;
import dev.keyrotation.api.v1alpha1.KeyRotationStatus;
import dev.keyrotation.api.v1alpha1.RotateSpecBuilder;
import dev.keyrotation.api.v1alpha1.RotationStatus;
import dev.keyrotation.api.v1alpha1.SecretCopy;
import dev.keyrotation.api.v1alpha1.SecretRef;
import dev.keyrotation.api.v1alpha1.StepName;
import dev.keyrotation.api.v1alpha1.UrlSource;
import dev.keyrotation.api.v1alpha1.WorkloadSpec;
import dev.keyrotation.database.ReencryptionRunner;
import dev.keyrotation.observe.AuditTrail;
import dev.keyrotation.observe.Rivals;
import dev.keyrotation.observe.StateObserver;
import dev.keyrotation.plan.Abandonment;
import dev.keyrotation.plan.Planner;
import dev.keyrotation.plan.Statuses;
import dev.keyrotation.status.StatusFactory;
import dev.keyrotation.step.StepExecutor;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The engine over a {@link FakeWorld}: turns, time, and a process that can be killed and started
 * again.
 */
final class Simulation {
  private static final int MOST_TURNS = 3_000;

  final FakeWorld world;
  KeyRotation stored;

  /** Everything that was stored, the oldest first. */
  final List<KeyRotation> storedOnes = new ArrayList<>();

  final List<StepName> stepsSeen = new ArrayList<>();
  int kills;
  int fewestReady = Integer.MAX_VALUE;
  private RotationEngine engine;
  private int processes;
  private boolean woke;

  /** Whether a process that slept may act at once when it wakes: nobody else does. */
  boolean mayGoOn;

  private String whenItWoke = "";

  Simulation(FakeWorld world, KeyRotationSpec spec) {
    this.world = world;
    this.stored = new KeyRotation();
    stored.setMetadata(
        new ObjectMetaBuilder()
            .withName("litellm")
            .withNamespace("ai")
            .withUid("uid-1")
            .withGeneration(1L)
            .withCreationTimestamp("2026-01-01T00:00:00Z")
            .build());
    stored.setSpec(marking(spec));
    this.engine = newProcess();
  }

  static KeyRotationSpec spec(List<KeyKind> keys, @Nullable String request) {
    return rollBack(keys, request, null);
  }

  static KeyRotationSpec rollBack(
      List<KeyKind> keys, @Nullable String request, @Nullable String rollBack) {
    return KeyRotationSpecBuilder.builder()
        .keys(keys)
        .secretRef(new SecretRef("litellm-keys", null, null, null))
        .database(DatabaseSpec.of(UrlSource.ofSecret("litellm-db", "DATABASE_URL")))
        .workloads(List.of(WorkloadSpec.ofDeployment("litellm")))
        .rotate(RotateSpecBuilder.builder().request(request).rollBack(rollBack).build())
        .stepDeadline("2m")
        .stabilityPeriod("3s")
        .build();
  }

  /** What the spec has to say of such a world: copies by their names, and marks behind a pooler. */
  private KeyRotationSpec marking(KeyRotationSpec spec) {
    return pooled(
        world.copies.isEmpty()
            ? spec
            : KeyRotationSpecBuilder.builder(spec)
                .secretRef(
                    new SecretRef(
                        "litellm-keys",
                        null,
                        null,
                        null,
                        world.copies.keySet().stream()
                            .map(name -> new SecretCopy(name, "clients", null))
                            .toList()))
                .build());
  }

  private KeyRotationSpec pooled(KeyRotationSpec spec) {
    return world.pooled
        ? KeyRotationSpecBuilder.builder(spec)
            .database(spec.database().withMarkConnections(true))
            .build()
        : spec;
  }

  RotationEngine newProcess() {
    SecureRandom random = new SecureRandom();
    ReencryptionRunner runner = new ReencryptionRunner(Runnable::run);
    return new RotationEngine(
        new StateObserver(
            world.keyStore(),
            world.workloads(),
            world.proxies(),
            rotation -> world.database(),
            rotation -> rotation.getSpec().redis() == null ? null : world.authCache(),
            world.connectionMarks(),
            world.keyCopies(),
            runner,
            Rivals.none(),
            AuditTrail.elsewhere(),
            random),
        new Planner(),
        new StepExecutor(
            world.keyStore(),
            world.workloads(),
            rotation -> world.database(),
            rotation -> rotation.getSpec().redis() == null ? null : world.authCache(),
            world.connectionMarks(),
            world.keyCopies(),
            runner,
            random),
        new StatusFactory(),
        new Clock() {
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
        },
        "process-" + ++processes);
  }

  /**
   * The present process sleeps right before change number {@code point}; another one takes its
   * place and does {@code meanwhile}. Then the first wakes, and makes its change if it can.
   */
  void sleepBefore(int point, Runnable meanwhile) {
    world.sleepAt = point;
    world.meanwhile =
        () -> {
          RotationEngine asleep = engine;
          engine = newProcess();
          meanwhile.run();
          engine = asleep;
          woke = true;
          whenItWoke = snapshot();
        };
  }

  private String snapshot() {
    return world.snapshot() + "\nstatus " + Statuses.of(stored);
  }

  /** What is stored, for a process that read it as {@code mine}. */
  private final class Store implements Freshness {
    @Override
    public boolean isCurrent(KeyRotation mine) {
      return mine == stored;
    }

    @Override
    public boolean isAbandoned(KeyRotation mine) {
      RotationStatus rotation = Statuses.of(mine).rotation();
      return rotation != null && Abandonment.isCertain(Statuses.of(stored), rotation.id());
    }
  }

  /**
   * Takes turns until no rotation is under way and none is due; a killed process is started again.
   */
  Simulation run() {
    for (int turn = 0; turn < MOST_TURNS; turn++) {
      try {
        boolean rested = turn();
        if (rested) {
          return this;
        }
      } catch (FakeWorld.Killed e) {
        kills++;
        restart();
      }
      world.tick();
      fewestReady = Math.min(fewestReady, (int) world.pods.stream().filter(world::ready).count());
    }
    throw new AssertionError("no end after " + MOST_TURNS + " turns: " + status());
  }

  /** The process ends and a new one begins. */
  void restart() {
    engine = newProcess();
  }

  /** Takes a bounded number of turns. */
  Simulation run(int turns) {
    for (int turn = 0; turn < turns; turn++) {
      turn();
      world.tick();
    }
    return this;
  }

  /** One turn. True when nothing was to do and no rotation is under way. */
  private boolean turn() {
    boolean rested = takeTurn();
    if (woke && !mayGoOn) {
      woke = false;
      assertThat(snapshot()).as("a process that slept changes nothing").isEqualTo(whenItWoke);
    }
    return rested;
  }

  private boolean takeTurn() {
    KeyRotation mine = stored;
    if (!(engine.turn(mine, new Store()) instanceof Turn.Taken taken)) {
      return false;
    }
    KeyRotationStatus before = Statuses.of(mine);
    KeyRotationStatus next = taken.status();
    if (next.equals(before)) {
      return next.rotation() == null;
    }
    world.change(
        "status",
        () -> {
          if (mine == stored) { // the version of what was read
            stored = withStatus(next);
            storedOnes.add(stored);
            if (next.rotation() != null
                && (stepsSeen.isEmpty() || stepsSeen.getLast() != next.rotation().step())) {
              stepsSeen.add(next.rotation().step());
            }
          }
        });
    return false;
  }

  KeyRotation withStatus(@Nullable KeyRotationStatus status) {
    KeyRotation copy = new KeyRotation();
    copy.setMetadata(stored.getMetadata());
    copy.setSpec(stored.getSpec());
    copy.setStatus(status);
    return copy;
  }

  void changeSpec(KeyRotationSpec spec) {
    KeyRotation copy = withStatus(stored.getStatus());
    copy.setMetadata(
        new ObjectMetaBuilder(stored.getMetadata())
            .withGeneration(stored.getMetadata().getGeneration() + 1)
            .build());
    copy.setSpec(marking(spec));
    stored = copy;
  }

  KeyRotationStatus status() {
    return Statuses.of(stored);
  }
}
