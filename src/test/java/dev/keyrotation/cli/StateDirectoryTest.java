package dev.keyrotation.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.engine.HostedWorld;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StateDirectoryTest {
  @TempDir Path parent;
  private StateDirectory directory;

  @BeforeEach
  void setUp() {
    directory = StateDirectory.at(parent.resolve("litellm"));
  }

  private static KeyRotation resource(String name) {
    KeyRotation resource = new KeyRotation();
    resource.getMetadata().setName(name);
    resource.setSpec(HostedWorld.spec());
    return resource;
  }

  @Test
  void whatIsWrittenIsReadBackEqual() {
    directory.prepare();

    directory.write(resource("litellm"));

    KeyRotation read = directory.read().orElseThrow();
    assertThat(read.getSpec()).isEqualTo(resource("litellm").getSpec());
    assertThat(read.getMetadata()).isEqualTo(resource("litellm").getMetadata());
  }

  @Test
  void theDirectoryIsForItsOwnerAlone() throws IOException {
    directory.prepare();

    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(directory.path())))
        .isEqualTo("rwx------");
  }

  @Test
  void aDirectoryThatOthersReadIsRefused() throws IOException {
    Files.createDirectory(
        directory.path(),
        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwxr-x---")));

    assertThatThrownBy(directory::prepare).hasMessageContaining("chmod 700");
  }

  @Test
  void aWriteThatDiedBeforeItsRenameLeavesTheOldState() throws IOException {
    directory.prepare();
    directory.write(resource("before"));
    Files.writeString(directory.path().resolve("state.json.new"), "{ half");

    assertThat(directory.read().orElseThrow().getMetadata().getName()).isEqualTo("before");
    directory.write(resource("after"));
    assertThat(directory.read().orElseThrow().getMetadata().getName()).isEqualTo("after");
  }

  @Test
  void aStateThatIsNoneIsNotTakenForAnEmptyOne() throws IOException {
    directory.prepare();
    Files.writeString(directory.path().resolve("state.json"), "{ half");

    assertThatThrownBy(directory::read)
        .isInstanceOfSatisfying(
            CommandFailure.class, f -> assertThat(f.exitCode()).isEqualTo(ExitCode.STALLED));
  }

  @Test
  void aStateThatAnotherProcessWroteIsNoLongerCurrent() {
    directory.prepare();
    try (StateLock lock = directory.lock("run")) {
      HostState state = new HostState(directory, lock);
      state.write(resource("litellm"));
      assertThat(state.isCurrent(resource("litellm"))).isTrue();

      StateDirectory.at(directory.path()).write(resource("other"));

      assertThat(state.isCurrent(resource("litellm"))).isFalse();
    }
  }

  @Test
  void anotherProcessHoldsTheLockUntilItEnds() throws Exception {
    directory.prepare();
    Process other =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                LockHolder.class.getName(),
                directory.path().toString())
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    try {
      assertThat(other.inputReader().readLine()).isEqualTo("locked");

      assertThatThrownBy(() -> directory.lock("run"))
          .isInstanceOfSatisfying(
              CommandFailure.class, f -> assertThat(f.exitCode()).isEqualTo(ExitCode.LOCKED))
          .hasMessageContaining("pid " + other.pid())
          .hasMessageContaining("keyrotation rollback");
    } finally {
      other.destroyForcibly().waitFor();
    }
    directory.lock("run").close();
  }

  /** A process that takes the lock and never gives it back. */
  static final class LockHolder {
    public static void main(String[] args) throws InterruptedException {
      StateLock lock = StateDirectory.at(Path.of(args[0])).lock("rollback");
      System.out.println("locked");
      Thread.sleep(60_000);
      lock.close();
    }
  }
}
