package dev.keyrotation.redis;

import dev.keyrotation.failure.RotationException;
import dev.keyrotation.key.KeyMaterial;

/**
 * LiteLLM's cache of accepted keys in Redis, which it has since 1.84 with {@code
 * litellm_settings.enable_redis_auth_cache}. It is asked before the master key is compared: an
 * entry of the old master key makes a freshly started instance accept it.
 *
 * <p>All methods block and throw {@link RotationException} with {@code REDIS_UNAVAILABLE} or {@code
 * REDIS_URL_INVALID}.
 */
public interface AuthCache {

  /** Whether there is an entry for {@code key}. */
  boolean remembers(KeyMaterial key);

  /**
   * Deletes the entry of {@code key} and tells instances to drop their own copies, which those
   * since about 1.90 listen for; others keep theirs for 60 s. Does nothing when there is none.
   */
  void forget(KeyMaterial key);
}
