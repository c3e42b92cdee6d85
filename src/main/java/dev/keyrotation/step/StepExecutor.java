package dev.keyrotation.step;

import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.RotationStatus;
import dev.keyrotation.api.v1alpha1.StepName;
import dev.keyrotation.database.DatabaseProvider;
import dev.keyrotation.database.ReencryptionRunner;
import dev.keyrotation.failure.RotationException;
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

/** Carries out a decision. The only place from which the world is changed. */
public final class StepExecutor {
  private final Map<StepName, StepEffect> effects = new EnumMap<>(StepName.class);
  private final Retire retire;

  /** Without a cache in Redis. */
  public StepExecutor(
      KeyStore store,
      Workloads workloads,
      DatabaseProvider databases,
      ReencryptionRunner runner,
      SecureRandom random) {
    this(store, workloads, databases, AuthCaches.unsupported(), runner, random);
  }

  public StepExecutor(
      KeyStore store,
      Workloads workloads,
      DatabaseProvider databases,
      AuthCaches caches,
      ReencryptionRunner runner,
      SecureRandom random) {
    RevisionKeys keys = new RevisionKeys(store);
    effects.put(StepName.GENERATE_KEYS, new GenerateKeys(store, random));
    effects.put(StepName.OPEN_GRACE, new OpenGrace(databases, keys));
    effects.put(StepName.STOP_WORKLOADS, new StopWorkloads(workloads));
    effects.put(StepName.PUBLISH_KEYS, new PublishKeys(store, keys));
    effects.put(StepName.REENCRYPT_DATA, new ReencryptData(databases, runner, workloads, keys));
    effects.put(
        StepName.RESTART_WORKLOADS,
        new LeasedGrace(new RestartWorkloads(workloads, databases), databases, keys));
    effects.put(StepName.VERIFY, new LeasedGrace(new Sweep(databases, keys), databases, keys));
    effects.put(StepName.CLOSE_GRACE, new CloseGrace(databases, caches, keys));
    this.retire = new Retire(store, databases);
  }

  /** Carries out {@code decision}; a refusal of the world is an outcome, not an exception. */
  public StepOutcome execute(Decision decision, KeyRotation primary, Instant now) {
    try {
      return switch (decision) {
        case Decision.Execute(RotationStatus rotation) -> apply(primary, rotation, now);
        case Decision.Retire(var entry) -> retire.apply(primary, entry);
        default -> new StepOutcome.NoEffect();
      };
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
