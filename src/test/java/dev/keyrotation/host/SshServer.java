package dev.keyrotation.host;

import static org.awaitility.Awaitility.await;

import dev.keyrotation.api.v1alpha1.HostSpec;
import dev.keyrotation.api.v1alpha1.HostSpecBuilder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** A real sshd on the loopback address, run by e2e/host/sshd.sh. Needs root. */
final class SshServer implements AutoCloseable {
  private final Path directory;
  private final Process process;

  private SshServer(Path directory, Process process) {
    this.directory = directory;
    this.process = process;
  }

  static SshServer start(Path directory) throws IOException {
    Process process =
        new ProcessBuilder("e2e/host/sshd.sh", directory.toString())
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve("log").toFile())
            .start();
    SshServer server = new SshServer(directory, process);
    await("sshd")
        .atMost(Duration.ofMinutes(2))
        .failFast(
            "sshd did not start", () -> !process.isAlive() && !server.log().contains("listening"))
        .until(() -> server.log().contains("listening"));
    return server;
  }

  private String log() throws IOException {
    return Files.readString(directory.resolve("log"));
  }

  int port() throws IOException {
    return Integer.parseInt(Files.readString(directory.resolve("port")).strip());
  }

  Path file(String name) {
    return directory.resolve(name);
  }

  String publicKey(String name) throws IOException {
    return Files.readString(file(name + ".pub")).strip();
  }

  /** Its own host key and a login that is let in. */
  HostSpec spec() throws IOException {
    return HostSpecBuilder.builder()
        .address("127.0.0.1")
        .port(port())
        .user("root")
        .hostKeys(List.of(publicKey("host_key")))
        .privateKeyFile(file("client_key").toString())
        .build();
  }

  /** Ends every connection, but not the server: as a network does that breaks. */
  void cutConnections() {
    process.children().forEach(ProcessHandle::destroyForcibly);
  }

  @Override
  public void close() {
    process.descendants().forEach(ProcessHandle::destroyForcibly);
    process.destroyForcibly();
  }
}
