package dev.keyrotation.part;

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

/** A real server on the loopback address, which ends with {@link #close}. */
public final class ServerProcess implements AutoCloseable {
  private final Process process;

  private ServerProcess(Process process) {
    this.process = process;
  }

  /** A port that nothing listens at. */
  public static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  /** Starts a command, which writes to a file {@code log}, and waits until it listens. */
  public static ServerProcess start(int port, Path directory, List<String> command)
      throws IOException {
    ServerProcess server =
        new ServerProcess(
            new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve("log").toFile())
                .start());
    Awaitility.await().atMost(Duration.ofSeconds(30)).until(() -> listens(port));
    return server;
  }

  private static boolean listens(int port) {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  /**
   * A program as {@code e2e/parts/SCRIPT} finds or makes it: in PATH, or in the cache of parts.
   *
   * @param part what the names of its directories there begin with
   */
  public static String program(String name, String part, String script) {
    for (String directory : System.getenv("PATH").split(":", -1)) {
      if (Files.isExecutable(Path.of(directory, name))) {
        return Path.of(directory, name).toString();
      }
    }
    if (Files.isDirectory(cache())) {
      try (Stream<Path> entries = Files.list(cache())) {
        List<Path> found =
            entries
                .filter(entry -> entry.getFileName().toString().startsWith(part + "-"))
                .map(entry -> entry.resolve(name))
                .filter(Files::isExecutable)
                .toList();
        if (!found.isEmpty()) {
          return found.getFirst().toString();
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    throw new IllegalStateException("There is no " + name + ". Get one with: e2e/parts/" + script);
  }

  private static Path cache() {
    String cache = System.getenv("KEYROTATION_CACHE");
    return cache == null || cache.isEmpty()
        ? Path.of(System.getProperty("user.home"), ".cache", "keyrotation")
        : Path.of(cache);
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
