package dev.keyrotation.redis;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import redis.clients.jedis.Jedis;

/** A real Redis server on the loopback address, which ends with {@link #close}. */
final class RedisServer implements AutoCloseable {
  static final String PASSWORD = "canary/pass";
  private static final String ENCODED = "canary%2Fpass";

  private final Process process;
  private final int port;

  RedisServer(Path directory) {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = socket.getLocalPort();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    try {
      process =
          new ProcessBuilder(
                  program(),
                  "--bind",
                  "127.0.0.1",
                  "--port",
                  "" + port,
                  "--requirepass",
                  PASSWORD,
                  "--dir",
                  directory.toString(),
                  "--save",
                  "")
              .redirectErrorStream(true)
              .redirectOutput(directory.resolve("log").toFile())
              .start();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    Awaitility.await().atMost(Duration.ofSeconds(30)).until(this::listens);
  }

  private boolean listens() {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  /** As {@code e2e/parts/redis.sh} finds or makes it. */
  private static String program() throws IOException {
    for (String directory : System.getenv("PATH").split(":", -1)) {
      if (Files.isExecutable(Path.of(directory, "redis-server"))) {
        return Path.of(directory, "redis-server").toString();
      }
    }
    String cache = System.getenv("KEYROTATION_CACHE");
    Path parts =
        cache == null || cache.isEmpty()
            ? Path.of(System.getProperty("user.home"), ".cache", "keyrotation")
            : Path.of(cache);
    List<Path> found = List.of();
    if (Files.isDirectory(parts)) {
      try (Stream<Path> entries = Files.list(parts)) {
        found =
            entries
                .filter(part -> part.getFileName().toString().startsWith("redis-"))
                .map(part -> part.resolve("redis-server"))
                .filter(Files::isExecutable)
                .toList();
      }
    }
    if (found.isEmpty()) {
      throw new IllegalStateException("There is no Redis server. Get one with: e2e/parts/redis.sh");
    }
    return found.getFirst().toString();
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
    process.destroy();
    try {
      process.waitFor();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
