package dev.keyrotation.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.failure.RotationException;
import dev.keyrotation.key.KeyMaterial;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.JedisPubSub;

/** On a real Redis server. */
class RedisAuthCacheTest {
  private static final KeyMaterial OLD = KeyMaterial.of("sk-canary-old-master");
  private static final KeyMaterial OTHER = KeyMaterial.of("sk-canary-virtual");

  @TempDir static Path directory;
  private static RedisServer server;

  @BeforeAll
  static void start() {
    server = new RedisServer(directory);
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  /** As LiteLLM names its entries: {@code RedisCache.check_and_fix_namespace}. */
  private static String entry(@Nullable String namespace, KeyMaterial key) {
    return (namespace == null ? "" : namespace + ":") + key.tokenHash();
  }

  @ParameterizedTest
  @CsvSource(
      value = {"none", "litellm", "a:b"},
      nullValues = "none")
  void forgetsTheEntryOfTheKeyAndNoOther(@Nullable String namespace) {
    try (Jedis litellm = server.litellm()) {
      litellm.flushAll();
      litellm.set(entry(namespace, OLD), "{\"user_role\": \"proxy_admin\"}");
      litellm.set(entry(namespace, OTHER), "{}");
      litellm.set(entry("elsewhere", OLD), "{}");
      RedisAuthCache cache = new RedisAuthCache(server.url(), namespace);
      boolean before = cache.remembers(OLD);

      cache.forget(OLD);

      assertThat(before).isTrue();
      assertThat(cache.remembers(OLD)).isFalse();
      assertThat(litellm.keys("*"))
          .containsExactlyInAnyOrder(entry(namespace, OTHER), entry("elsewhere", OLD));
    }
  }

  @Test
  void forgettingWhatIsNotThereDoesNothing() {
    RedisAuthCache cache = new RedisAuthCache(server.url(), "nowhere");

    cache.forget(OLD);

    assertThat(cache.remembers(OLD)).isFalse();
  }

  @Test
  void tellsInstancesToDropTheirOwnCopies() {
    List<String> heard = new CopyOnWriteArrayList<>();
    JedisPubSub listener =
        new JedisPubSub() {
          @Override
          public void onMessage(String channel, String message) {
            heard.add(message);
          }
        };
    try (Jedis litellm = server.litellm()) {
      Thread.ofVirtual()
          .start(() -> litellm.subscribe(listener, "ns:litellm_proxy.auth_cache_invalidation"));
      Awaitility.await().atMost(Duration.ofSeconds(20)).until(listener::isSubscribed);

      new RedisAuthCache(server.url(), "ns").forget(OLD);

      Awaitility.await()
          .atMost(Duration.ofSeconds(20))
          .untilAsserted(
              () ->
                  assertThat(heard)
                      .containsExactly("{\"cache_key\": \"" + OLD.tokenHash() + "\"}"));
      listener.unsubscribe();
      Awaitility.await().atMost(Duration.ofSeconds(20)).until(() -> !listener.isSubscribed());
    }
  }

  @Test
  void wrongPasswordIsNamedAndNotQuoted() {
    RedisAuthCache cache = new RedisAuthCache(server.urlWithWrongPassword(), null);

    RotationException failure =
        catchThrowableOfType(RotationException.class, () -> cache.remembers(OLD));

    assertThat(failure.reason()).isEqualTo(ConditionReason.REDIS_UNAVAILABLE);
    assertThat(failure.sentence()).contains("refuses the login");
    assertThat(failure + " " + failure.getCause() + cache).doesNotContain("canary");
  }

  @Test
  void serverThatIsNotThereIsUnavailable() {
    RedisAuthCache cache = new RedisAuthCache("redis://:canary@127.0.0.1:1", null);

    assertThatThrownBy(() -> cache.forget(OLD))
        .hasMessageContaining("127.0.0.1:1")
        .hasMessageNotContaining("canary");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "http://:canary@h:1",
        "redis://:can ary@h",
        "redis:canary",
        "canary",
        "redis://:canary#x@h:6379"
      })
  void textThatIsNoUrlIsRefusedAndNotQuoted(String url) {
    RotationException failure =
        catchThrowableOfType(RotationException.class, () -> new RedisAuthCache(url, null));

    assertThat(failure.reason()).isEqualTo(ConditionReason.REDIS_URL_INVALID);
    assertThat(failure + " " + failure.getCause()).doesNotContain("canary").doesNotContain("ary");
  }
}
