package dev.keyrotation.redis;

import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.failure.Recovery;
import dev.keyrotation.failure.RotationException;
import org.jspecify.annotations.Nullable;

/** Opens the Redis cache of a KeyRotation. */
@FunctionalInterface
public interface AuthCaches {
  /** The cache that {@code spec.redis} names; null when it names none. */
  @Nullable AuthCache open(KeyRotation rotation);

  /** For a host of the engine that has no Redis client: refuses a spec that names a cache. */
  static AuthCaches unsupported() {
    return rotation -> {
      if (rotation.getSpec().redis() != null) {
        throw new RotationException(
            ConditionReason.NOT_SUPPORTED,
            Recovery.HALT,
            "spec.redis is for the operator in a cluster; remove it here. The old master key's"
                + " entry in Redis is then waited for.");
      }
      return null;
    };
  }
}
