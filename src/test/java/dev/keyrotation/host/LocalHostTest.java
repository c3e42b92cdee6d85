package dev.keyrotation.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.failure.Recovery;
import dev.keyrotation.failure.RotationException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Real commands on real files; what holds here holds over SSH, where the same scripts run. */
class LocalHostTest {
  private static final byte[] NEW = "K='sk-canary \u00fc'\n".getBytes(StandardCharsets.UTF_8);

  @TempDir Path directory;
  private final LocalHost host = new LocalHost(Duration.ofSeconds(20));
  private Path file;

  @BeforeEach
  void write() throws IOException {
    file = Files.writeString(directory.resolve(".0 0'7"), "K=old\n");
    mode(file, "rw-r-----");
  }

  private static void mode(Path path, String mode) throws IOException {
    Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(mode));
  }

  private FileStat stat() {
    return host.stat(file.toString()).orElseThrow();
  }

  @Test
  void replacedFileKeepsModeAndOwnerAndLeavesNothingBeside() throws IOException {
    FileStat before = stat();

    host.replace(before, NEW);

    assertThat(file).hasBinaryContent(NEW);
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("rw-r-----");
    assertThat(stat().uid()).isEqualTo(before.uid());
    assertThat(host.list(directory.toString())).containsExactly(".0 0'7");
  }

  @Test
  void linkStaysAndTheFileBehindItIsReplaced() throws IOException {
    Path link = Files.createSymbolicLink(directory.resolve("link"), file.getFileName());

    host.replace(host.stat(link.toString()).orElseThrow(), NEW);

    assertThat(link).isSymbolicLink();
    assertThat(file).hasBinaryContent(NEW);
  }

  @Test
  void fileThatChangedMeanwhileIsNotReplaced() throws IOException {
    FileStat before = stat();
    Files.writeString(file, "K=somebody else\n");

    assertThatThrownBy(() -> host.replace(before, NEW))
        .isInstanceOf(RotationException.class)
        .hasMessageContaining("somebody else changed it")
        .hasMessageNotContaining("canary");
    assertThat(file).hasContent("K=somebody else");
  }

  @Test
  void inputThatIsCutShortChangesNothing() {
    Output output =
        host.run(
            List.of("sh", "-c", ShellHost.REPLACE, "sh", file.toString(), "1000", stat().version()),
            NEW);

    assertThat(output.exit()).isEqualTo(95);
    assertThat(file).hasContent("K=old");
    assertThat(host.list(directory.toString())).containsExactly(".0 0'7");
  }

  @Test
  void createdFileIsForItsOwnerAloneAndNeverOverwritten() throws IOException {
    String copy = directory.resolve("copy").toString();

    assertThat(host.create(copy, NEW, stat())).isTrue();
    assertThat(host.create(copy, "other".getBytes(StandardCharsets.UTF_8), stat())).isFalse();

    assertThat(Path.of(copy)).hasBinaryContent(NEW);
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(Path.of(copy))))
        .isEqualTo("rw-------");
  }

  @Test
  void putCreatesTheDirectoryToo() {
    Path dropIn = directory.resolve("x.service.d/50.conf");

    host.put(dropIn.toString(), NEW, "644");

    assertThat(dropIn).hasBinaryContent(NEW);
  }

  @Test
  void missingFileIsNoFailure() {
    assertThat(host.stat(directory + "/none")).isEmpty();
    assertThat(host.read(directory + "/none")).isEmpty();
    host.remove(directory + "/none");
    assertThat(host.list(directory + "/none")).isEmpty();
  }

  @Test
  void fullDiskIsSaidInWords() {
    assertThatThrownBy(() -> host.put("/dev/full/x", NEW, "644"))
        .isInstanceOf(RotationException.class)
        .hasMessageNotContaining("canary");
    assertThatThrownBy(
            () ->
                host.script(
                    "write x",
                    "echo 'cat: write error: No space left on device' >&2; exit 1",
                    List.of(),
                    NEW))
        .isInstanceOfSatisfying(
            RotationException.class,
            e -> {
              assertThat(e.sentence()).contains("the disk is full");
              assertThat(e.recovery()).isEqualTo(Recovery.ROLL_BACK);
            });
  }

  @Test
  void sudoThatAsksForAPasswordIsDenied() {
    assertThatThrownBy(
            () ->
                host.script(
                    "stop x", "echo 'sudo: a password is required' >&2; exit 1", List.of(), NEW))
        .isInstanceOfSatisfying(
            RotationException.class,
            e -> assertThat(e.reason()).isEqualTo(ConditionReason.HOST_ACCESS_DENIED));
  }

  @Test
  void commandsSeeNothingOfOurEnvironment() {
    assertThat(host.run(List.of("env"), new byte[0]).text().lines())
        .allMatch(line -> line.startsWith("PATH=") || line.startsWith("LC_ALL="));
  }

  @Test
  void commandThatHangsIsEnded() {
    LocalHost hasty = new LocalHost(Duration.ofMillis(300));

    assertThatThrownBy(() -> hasty.run(List.of("sleep", "60"), new byte[0]))
        .isInstanceOf(RotationException.class)
        .hasMessageContaining("did not end");
  }
}
