package dev.keyrotation.database;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.awaitility.Awaitility;

/** A real PgBouncer on the loopback address before a database, which ends with {@link #close}. */
final class Pooler implements AutoCloseable {
  private final Process process;
  private final int port;

  /**
   * @param settings further lines of its configuration, for example {@code pool_mode = session}
   */
  Pooler(TestDatabase database, Path directory, String... settings) {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = socket.getLocalPort();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    try {
      // PgBouncer refuses to run as root, and whom it becomes has to read its files.
      boolean root = "root".equals(System.getProperty("user.name"));
      Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
      Path users = directory.resolve("users");
      Files.writeString(users, "\"litellm\" \"" + LiteLlmServer.PASSWORD + "\"\n");
      Path configuration = directory.resolve("pgbouncer.ini");
      Files.writeString(
          configuration,
          String.join(
              "\n",
              "[databases]",
              "* = host=127.0.0.1 port=" + database.port(),
              "[pgbouncer]",
              "listen_addr = 127.0.0.1",
              "listen_port = " + port,
              "unix_socket_dir =",
              "auth_type = trust",
              "auth_file = " + users,
              "ignore_startup_parameters = extra_float_digits",
              "default_pool_size = 5",
              root ? "user = nobody" : "",
              String.join("\n", settings),
              ""));
      process =
          new ProcessBuilder(program(), configuration.toString())
              .redirectErrorStream(true)
              .redirectOutput(directory.resolve("log").toFile())
              .start();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    Awaitility.await().atMost(Duration.ofSeconds(30)).until(this::listens);
  }

  int port() {
    return port;
  }

  private boolean listens() {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  /** As {@code e2e/parts/pgbouncer.sh} finds or makes it. */
  private static String program() throws IOException {
    for (String directory : System.getenv("PATH").split(":", -1)) {
      if (Files.isExecutable(Path.of(directory, "pgbouncer"))) {
        return Path.of(directory, "pgbouncer").toString();
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
                .filter(part -> part.getFileName().toString().startsWith("pgbouncer-"))
                .map(part -> part.resolve("pgbouncer"))
                .filter(Files::isExecutable)
                .toList();
      }
    }
    if (found.isEmpty()) {
      throw new IllegalStateException(
          "There is no PgBouncer. Get one with: e2e/parts/pgbouncer.sh");
    }
    return found.getFirst().toString();
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
