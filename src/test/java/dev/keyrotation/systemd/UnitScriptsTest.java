package dev.keyrotation.systemd;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The scripts that read a journal, on a journal that is a file. */
class UnitScriptsTest {
  @TempDir Path directory;

  @BeforeEach
  void programs() throws IOException {
    program("systemctl", "echo InvocationID=abc");
    program(
        "journalctl",
        "echo \"$*\" >\"$0.asked\"; cat <<'END'\n"
            + "Error decrypting value for key: api_key\n"
            + "Did your master_key/salt key change recently?\n"
            + "Authentication Error, Invalid proxy server token passed\n"
            + "started\n"
            + "END");
  }

  private void program(String name, String script) throws IOException {
    Path file = directory.resolve(name);
    Files.writeString(file, "#!/bin/sh\n" + script + "\n");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwx------"));
  }

  private String run(String script, String... arguments) throws IOException {
    List<String> command = new java.util.ArrayList<>(List.of("sh", "-c", script, "sh"));
    command.addAll(List.of(arguments));
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().merge("PATH", "", (path, none) -> directory + ":" + path);
    Process process = builder.start();
    process.getOutputStream().close();
    return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
  }

  private String asked() throws IOException {
    return Files.readString(directory.resolve("journalctl.asked"));
  }

  @Test
  void verificationCountsLinesOfThePresentRun() throws IOException {
    assertThat(run(UnitScripts.SCAN, "litellm.service"))
        .isEqualTo("Decryption=2\nAuthentication=1\nRead=yes\n");
    assertThat(asked()).contains("_SYSTEMD_INVOCATION_ID=abc");
  }

  @Test
  void aLookCountsLinesOfEveryRunSinceTheOneBefore() throws IOException {
    assertThat(run(UnitScripts.SCAN_SINCE, "litellm.service", "1764039600"))
        .isEqualTo("Decryption=2\nAuthentication=1\nRead=yes\n");
    assertThat(asked()).contains("--since @1764039600").contains("_SYSTEMD_UNIT=litellm.service");
  }
}
