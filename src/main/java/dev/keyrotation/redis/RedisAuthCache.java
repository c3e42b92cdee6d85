package dev.keyrotation.redis;

import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.failure.Recovery;
import dev.keyrotation.failure.RotationException;
import dev.keyrotation.key.KeyMaterial;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.function.Function;
import javax.net.ssl.SSLParameters;
import org.jspecify.annotations.Nullable;
import redis.clients.jedis.DefaultJedisClientConfig;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.JedisClientConfig;
import redis.clients.jedis.exceptions.JedisAccessControlException;
import redis.clients.jedis.exceptions.JedisException;
import redis.clients.jedis.exceptions.JedisRedirectionException;
import redis.clients.jedis.util.JedisURIHelper;

/**
 * {@link AuthCache} in one Redis server. An entry is named by the hex SHA-256 of its key, after the
 * cache's namespace and a colon if it has one (read off LiteLLM 1.84 to 1.108). Each call is a
 * connection of its own.
 */
final class RedisAuthCache implements AuthCache {
  private static final int TIMEOUT_MILLIS = 5_000;
  private static final int DEFAULT_PORT = 6379;

  /** Where LiteLLM tells its instances which cached objects to drop. */
  private static final String CHANNEL = "litellm_proxy.auth_cache_invalidation";

  private final URI url;
  private final String prefix;

  RedisAuthCache(String url, @Nullable String namespace) {
    this.url = parse(url);
    this.prefix = namespace == null ? "" : namespace + ":";
  }

  private static URI parse(String text) {
    try {
      URI url = new URI(text);
      boolean scheme = "redis".equals(url.getScheme()) || "rediss".equals(url.getScheme());
      if (scheme && url.getHost() != null) {
        return url;
      }
    } catch (URISyntaxException e) {
      // It quotes the URL, which has the password in it.
    }
    throw new RotationException(
        ConditionReason.REDIS_URL_INVALID,
        Recovery.RETRY,
        "The Redis URL is not of the form redis://user:password@host:port/database (with TLS:"
            + " rediss). Correct the Secret of spec.redis.urlFrom; letters that mean something in a"
            + " URL have to be percent-encoded.");
  }

  @Override
  public boolean remembers(KeyMaterial key) {
    return ask(redis -> redis.exists(prefix + key.tokenHash()));
  }

  @Override
  public void forget(KeyMaterial key) {
    String hash = key.tokenHash();
    ask(redis -> redis.del(prefix + hash));
    tell("{\"cache_key\": \"" + hash + "\"}");
  }

  /** A role that may delete need not be allowed to publish; instances forget by themselves too. */
  private void tell(String message) {
    try (Jedis redis = connect()) {
      redis.publish(prefix + CHANNEL, message);
    } catch (JedisException e) {
      // nothing depends on it
    }
  }

  private <T> T ask(Function<Jedis, T> question) {
    try (Jedis redis = connect()) {
      return question.apply(redis);
    } catch (JedisRedirectionException e) {
      throw unavailable("is a member of a Redis Cluster, which this version does not evict from");
    } catch (JedisAccessControlException e) {
      throw unavailable("refuses the login or a command; EXISTS and DEL are needed");
    } catch (JedisException e) {
      // The client's text may quote what the server was sent.
      throw unavailable("does not answer (" + e.getClass().getSimpleName() + ")");
    }
  }

  private Jedis connect() {
    boolean tls = JedisURIHelper.isRedisSSLScheme(url);
    SSLParameters verified = new SSLParameters();
    verified.setEndpointIdentificationAlgorithm("HTTPS");
    JedisClientConfig config =
        DefaultJedisClientConfig.builder()
            .connectionTimeoutMillis(TIMEOUT_MILLIS)
            .socketTimeoutMillis(TIMEOUT_MILLIS)
            .user(JedisURIHelper.getUser(url))
            .password(JedisURIHelper.getPassword(url))
            .database(JedisURIHelper.getDBIndex(url))
            .ssl(tls)
            .sslParameters(tls ? verified : null)
            .build();
    return new Jedis(url.getHost(), port(), config);
  }

  private int port() {
    return url.getPort() < 0 ? DEFAULT_PORT : url.getPort();
  }

  private RotationException unavailable(String what) {
    return new RotationException(
        ConditionReason.REDIS_UNAVAILABLE,
        Recovery.RETRY,
        "Redis at " + url.getHost() + ":" + port() + " " + what + ".");
  }

  @Override
  public String toString() {
    return "RedisAuthCache[" + url.getHost() + ":" + port() + "]";
  }
}
