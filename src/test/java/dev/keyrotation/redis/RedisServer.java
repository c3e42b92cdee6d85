package dev.keyrotation.redis;

import dev.keyrotation.part.ServerProcess;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import redis.clients.jedis.Jedis;

/** A real Redis server on the loopback address, which ends with {@link #close}. */
final class RedisServer implements AutoCloseable {
  static final String PASSWORD = "canary/pass";
  private static final String ENCODED = "canary%2Fpass";

  private final ServerProcess process;
  private final int port;

  RedisServer(Path directory) {
    try {
      port = ServerProcess.freePort();
      process =
          ServerProcess.start(
              port,
              directory,
              List.of(
                  ServerProcess.program("redis-server", "redis", "redis.sh"),
                  "--bind",
                  "127.0.0.1",
                  "--port",
                  "" + port,
                  "--requirepass",
                  PASSWORD,
                  "--dir",
                  directory.toString(),
                  "--save",
                  ""));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  String url() {
    return "redis://:" + ENCODED + "@127.0.0.1:" + port + "/1";
  }

  String urlWithWrongPassword() {
    return "redis://:canary-wrong@127.0.0.1:" + port + "/1";
  }

  /** A session of a LiteLLM instance. */
  Jedis litellm() {
    Jedis redis = new Jedis("127.0.0.1", port);
    redis.auth(PASSWORD);
    redis.select(1);
    return redis;
  }

  @Override
  public void close() {
    process.close();
  }
}
