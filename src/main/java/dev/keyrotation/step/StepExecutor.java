package dev.keyrotation.step;

import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.RotationStatus;
import dev.keyrotation.api.v1alpha1.StepName;
import dev.keyrotation.database.DatabaseOwner;
import dev.keyrotation.database.DatabaseProvider;
import dev.keyrotation.database.ReencryptionRunner;
import dev.keyrotation.database.RotationDatabase;
import dev.keyrotation.failure.RotationException;
import dev.keyrotation.failure.SupersededException;
import dev.keyrotation.key.ConnectionMarks;
import dev.keyrotation.key.KeyCopies;
import dev.keyrotation.key.KeyStore;
import dev.keyrotation.key.RevisionKeys;
import dev.keyrotation.plan.Decision;
import dev.keyrotation.plan.StepOutcome;
import dev.keyrotation.redis.AuthCaches;
import dev.keyrotation.workload.Workloads;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.EnumMap;
import java.util.Map;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** Carries out a decision. The only place from which the world is changed. */
public final class StepExecutor {
  private final Map<StepName, StepEffect> effects = new EnumMap<>(StepName.class);
  private final GenerateKeys generateKeys;
  private final DatabaseProvider databases;
  private final Retire retire;
  private final TakeOver takeOver;

  /** Without a cache in Redis. */
  public StepExecutor(
      KeyStore store,
      Workloads workloads,
      DatabaseProvider databases,
      ConnectionMarks marks,
      KeyCopies copies,
      ReencryptionRunner runner,
      SecureRandom random) {
    this(store, workloads, databases, AuthCaches.unsupported(), marks, copies, runner, random);
  }

  public StepExecutor(
      KeyStore store,
      Workloads workloads,
      DatabaseProvider databases,
      AuthCaches caches,
      ConnectionMarks marks,
      KeyCopies copies,
      ReencryptionRunner runner,
      SecureRandom random) {
    RevisionKeys keys = new RevisionKeys(store);
    this.databases = databases;
    this.generateKeys = new GenerateKeys(store, random);
    effects.put(StepName.OPEN_GRACE, new OpenGrace(databases, keys));
    effects.put(StepName.STOP_WORKLOADS, new StopWorkloads(workloads));
    effects.put(StepName.PUBLISH_KEYS, new PublishKeys(store, keys));
    effects.put(StepName.PUBLISH_COPIES, new PublishCopies(copies, keys));
    effects.put(StepName.MARK_CONNECTIONS, new MarkConnections(marks));
    effects.put(StepName.REENCRYPT_DATA, new ReencryptData(databases, runner, workloads, keys));
    effects.put(
        StepName.RESTART_WORKLOADS,
        new LeasedGrace(new RestartWorkloads(workloads, databases), databases, keys));
    effects.put(StepName.VERIFY, new LeasedGrace(new Sweep(databases, keys), databases, keys));
    effects.put(StepName.CLOSE_GRACE, new CloseGrace(databases, caches, keys));
    this.retire = new Retire(store, databases);
    this.takeOver = new TakeOver(store, workloads, databases, marks, copies);
  }

  /**
   * Marks the world with the epoch of {@code primary}'s status. Before it, nothing that is observed
   * in mid-rotation is certain to last.
   *
   * @param current reads live whether the stored status still has that epoch
   * @throws RotationException when it cannot be done now
   * @throws SupersededException when another process acts
   */
  public void takeOver(KeyRotation primary, BooleanSupplier current) {
    takeOver.apply(primary, current);
  }

  /**
   * Leaves a resource that is deleted while no rotation is under way: a fence that was left over is
   * removed, and its claim on the database released, so that a successor can take it. Null when
   * that is done, or the sentence that says why not.
   */
  public @Nullable String leave(KeyRotation primary) {
    if (primary.getSpec().database() == null) {
      return null;
    }
    try {
      RotationDatabase database = databases.open(primary);
      DatabaseOwner owner = DatabaseOwner.of(primary);
      if (!database.fence().standing(owner).isEmpty()) {
        database.fence().remove(owner);
      }
      database.release(owner);
      return null;
    } catch (SupersededException e) {
      return null; // a resource of the same name has claimed it since
    } catch (RotationException e) {
      return e.sentence();
    }
  }

  /**
   * Carries out {@code decision}; a refusal of the world is an outcome, not an exception.
   *
   * @param abandoned reads live whether the rotation was given up before its new keys were used
   * @throws SupersededException when another process acts; nothing was written
   */
  public StepOutcome execute(
      Decision decision, KeyRotation primary, Instant now, BooleanSupplier abandoned) {
    try {
      return switch (decision) {
        case Decision.Execute(RotationStatus rotation)
            when rotation.step() == StepName.GENERATE_KEYS ->
            generateKeys.apply(primary, rotation, abandoned);
        case Decision.Execute(RotationStatus rotation) -> apply(primary, rotation, now);
        case Decision.Retire(var entry) -> retire.apply(primary, entry);
        case Decision.Tidy tidy -> {
          databases.open(primary).fence().remove(DatabaseOwner.of(primary));
          yield new StepOutcome.Made();
        }
        default -> new StepOutcome.NoEffect();
      };
    } catch (SupersededException e) {
      throw e;
    } catch (RotationException e) {
      return new StepOutcome.Failed(e.reason(), e.sentence(), e.recovery());
    }
  }

  private StepOutcome apply(KeyRotation primary, RotationStatus rotation, Instant now) {
    StepEffect effect = effects.get(rotation.step());
    return effect == null
        ? new StepOutcome.NoEffect() // Verify has no effect: its evidence is all there is
        : effect.apply(primary, rotation, now);
  }
}
