package dev.keyrotation.database;

import dev.keyrotation.part.ServerProcess;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;

/** A real PgBouncer on the loopback address before a database, which ends with {@link #close}. */
final class Pooler implements AutoCloseable {
  private final ServerProcess process;
  private final int port;

  /**
   * @param settings further lines of its configuration, for example {@code pool_mode = session}
   */
  Pooler(TestDatabase database, Path directory, String... settings) {
    try {
      port = ServerProcess.freePort();
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
          ServerProcess.start(
              port,
              directory,
              List.of(
                  ServerProcess.program("pgbouncer", "pgbouncer", "pgbouncer.sh"),
                  configuration.toString()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  int port() {
    return port;
  }

  @Override
  public void close() {
    process.close();
  }
}
