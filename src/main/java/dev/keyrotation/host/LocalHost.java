package dev.keyrotation.host;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The host on which this process runs. */
public final class LocalHost extends ShellHost {
  private static final Executor READERS = task -> Thread.ofVirtual().start(task);
  private static final int MOST_OUTPUT = 4 << 20;
  private static final String PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

  private final Duration timeout;

  public LocalHost() {
    this(Duration.ofSeconds(30));
  }

  LocalHost(Duration timeout) {
    this.timeout = timeout;
  }

  @Override
  public String name() {
    return "this host";
  }

  /** With an environment of its own: ours may hold a database URL. */
  @Override
  public Output run(List<String> argv, byte[] stdin) {
    ProcessBuilder builder = new ProcessBuilder(argv);
    Map<String, String> environment = builder.environment();
    @Nullable String path = environment.get("PATH");
    environment.clear();
    environment.put("PATH", path == null ? PATH : path);
    environment.put("LC_ALL", "C");
    try {
      return exchange(argv.getFirst(), builder.start(), stdin);
    } catch (IOException e) {
      throw failed("run " + argv.getFirst(), "it cannot be started");
    }
  }

  private Output exchange(String program, Process process, byte[] stdin) {
    CompletableFuture<byte[]> out = drain(process.getInputStream());
    CompletableFuture<byte[]> err = drain(process.getErrorStream());
    try (OutputStream in = process.getOutputStream()) {
      in.write(stdin);
    } catch (IOException e) {
      // It ended without reading all; its exit code tells.
    }
    try {
      if (!process.waitFor(timeout.toMillis(), TimeUnit.MILLISECONDS)) {
        throw failed("run " + program, "it did not end within " + timeout.toSeconds() + " s");
      }
      return new Output(process.exitValue(), out.join(), tail(err.join()));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw failed("run " + program, "interrupted");
    } finally {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
    }
  }

  /** Reads to the end, so that the process never waits for us; keeps a bounded part. */
  private static CompletableFuture<byte[]> drain(InputStream stream) {
    return CompletableFuture.supplyAsync(
        () -> {
          ByteArrayOutputStream kept = new ByteArrayOutputStream();
          byte[] buffer = new byte[8192];
          try (stream) {
            for (int n = stream.read(buffer); n >= 0; n = stream.read(buffer)) {
              if (kept.size() < MOST_OUTPUT) {
                kept.write(buffer, 0, n);
              }
            }
          } catch (IOException e) {
            // The process was ended.
          }
          return kept.toByteArray();
        },
        READERS);
  }
}
