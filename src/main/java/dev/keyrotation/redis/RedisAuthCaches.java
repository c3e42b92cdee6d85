package dev.keyrotation.redis;

import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.RedisSpec;
import dev.keyrotation.api.v1alpha1.UrlSource;
import dev.keyrotation.failure.RotationException;
import org.jspecify.annotations.Nullable;

/** Opens Redis by its connection URL. */
public final class RedisAuthCaches implements AuthCaches {
  private final UrlReader urls;

  /** Reads the connection URL from where the spec says. */
  @FunctionalInterface
  public interface UrlReader {
    /**
     * The URL; never blank.
     *
     * @throws RotationException when there is none or it cannot be read
     */
    String read(KeyRotation owner, UrlSource source);
  }

  public RedisAuthCaches(UrlReader urls) {
    this.urls = urls;
  }

  @Override
  public @Nullable AuthCache open(KeyRotation rotation) {
    RedisSpec spec = rotation.getSpec().redis();
    return spec == null
        ? null
        : new RedisAuthCache(urls.read(rotation, spec.urlFrom()), spec.namespace());
  }
}
