package dev.keyrotation.database;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

/**
 * A real PostgreSQL server with databases as LiteLLM's own migrations make them. One server per
 * test run; each test gets a database of its own, copied from a template of its version.
 *
 * <p>The migrations are those of the package {@code litellm-proxy-extras}; {@code
 * e2e/parts/migrations.sh} fetches them.
 */
public final class LiteLlmServer {
  /** Old, middle and new: legacy format only; before and after LiteLLM's own list of columns. */
  public static final List<String> VERSIONS = List.of("1.80.17", "1.100.4", "1.108.4");

  /** The newest of {@link #VERSIONS}. */
  public static final String NEWEST = "1.108.4";

  static final String PASSWORD = "canary-pass/word@:?#";
  private static final String ROLE = "litellm";

  private static final LiteLlmServer INSTANCE = new LiteLlmServer();

  private final EmbeddedPostgres server;
  private final Set<String> templates = new HashSet<>();
  private final AtomicInteger databases = new AtomicInteger();

  private LiteLlmServer() {
    try {
      server =
          EmbeddedPostgres.builder()
              .setServerConfig("fsync", "off")
              .setServerConfig("max_connections", "40")
              .start(); // it stops with the process, by a hook of its own
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    execute(
        admin("postgres"),
        "CREATE ROLE " + ROLE + " LOGIN PASSWORD '" + PASSWORD + "' NOSUPERUSER NOCREATEDB");
  }

  /** A new database with LiteLLM's tables, owned by LiteLLM's role. */
  public static TestDatabase database(String version) {
    return INSTANCE.make(version);
  }

  private synchronized TestDatabase make(String version) {
    String template = "template_" + version.replace('.', '_');
    if (templates.add(version)) {
      execute(admin("postgres"), "CREATE DATABASE " + template + " OWNER " + ROLE);
      migrate(template, version);
    }
    String name = "litellm_" + databases.incrementAndGet();
    execute(
        admin("postgres"), "CREATE DATABASE " + name + " TEMPLATE " + template + " OWNER " + ROLE);
    return new TestDatabase(server.getPort(), name);
  }

  private void migrate(String database, String version) {
    try (Connection connection =
            DriverManager.getConnection(jdbc(server.getPort(), database), ROLE, PASSWORD);
        Statement statement = connection.createStatement();
        Stream<Path> migrations = Files.list(directory(version))) {
      for (Path migration : migrations.filter(Files::isDirectory).sorted().toList()) {
        // Only outside a transaction, and of no use on empty tables.
        statement.execute(
            Files.readString(migration.resolve("migration.sql")).replace(" CONCURRENTLY", ""));
      }
    } catch (SQLException e) {
      throw new IllegalStateException("a migration of LiteLLM " + version + " failed", e);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Path directory(String version) {
    String given = System.getProperty("litellm.migrations.dir", env("LITELLM_MIGRATIONS_DIR", ""));
    Path root =
        given.isEmpty()
            ? Path.of(
                env("KEYROTATION_CACHE", System.getProperty("user.home") + "/.cache/keyrotation"),
                "migrations")
            : Path.of(given);
    Path directory = root.resolve(version);
    if (!Files.isDirectory(directory)) {
      throw new IllegalStateException(
          "LiteLLM's migrations are not in "
              + directory
              + ". Fetch them with: e2e/parts/migrations.sh "
              + String.join(" ", VERSIONS));
    }
    return directory;
  }

  private static String env(String name, String otherwise) {
    String value = System.getenv(name);
    return value == null || value.isEmpty() ? otherwise : value;
  }

  static String jdbc(int port, String database) {
    return "jdbc:postgresql://localhost:" + port + "/" + database;
  }

  private Connection admin(String database) {
    try {
      return DriverManager.getConnection(jdbc(server.getPort(), database), "postgres", "");
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void execute(Connection connection, String sql) {
    try (connection;
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }
}
