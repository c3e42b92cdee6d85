package dev.keyrotation.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

class KeyRotationCommandTest {
  @TempDir Path directory;
  private HostFixture host;
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @BeforeEach
  void setUp() {
    host = new HostFixture(directory);
  }

  private int run(String... args) {
    host.backend(); // a new process: nobody has asked it to stop
    CommandLine line = KeyRotationCommand.commandLine(host, host.stop());
    line.setOut(new PrintWriter(out));
    line.setErr(new PrintWriter(err));
    return line.execute(args);
  }

  private int onHost(String verb, String... more) {
    List<String> args = new ArrayList<>(List.of(verb, "-f", host.file.toString()));
    args.addAll(List.of("--state-dir", host.state.toString()));
    args.addAll(List.of(more));
    return run(args.toArray(String[]::new));
  }

  private int inAudit(String verb) {
    return run("audit", verb, "-f", host.file.toString(), "--state-dir", host.state.toString());
  }

  @Test
  void runEndsWithZeroAndStatusHistoryAndReportTellOfIt() {
    assertThat(onHost("run", "--request", "ticket-1")).isZero();
    assertThat(onHost("status")).isZero();
    assertThat(onHost("history")).isZero();
    assertThat(onHost("report")).isZero();
    assertThat(onHost("verify")).isZero();
    assertThat(inAudit("verify")).isZero();

    assertThat(out.toString())
        .contains("keys of revision 2")
        .contains("ticket-1")
        .contains("Key rotation litellm-r2")
        .contains("are as they were written");
  }

  @Test
  void jsonIsOneDocumentWithTheExitCode() throws IOException {
    int code = onHost("run", "-o", "json");

    JsonNode document = new ObjectMapper().readTree(out.toString());
    assertThat(document.path("exitCode").asInt(-1)).isEqualTo(code).isZero();
    assertThat(document.path("result").asText()).isEqualTo("SUCCEEDED");
    assertThat(document.at("/status/activeKeys/revision").asInt()).isEqualTo(2);
    assertThat(err.toString()).contains("publishing the new keys");
  }

  @Test
  void findingsEndWithThree() {
    host.world.databaseDown(true);

    assertThat(onHost("plan")).isEqualTo(3);
    assertThat(onHost("doctor")).isEqualTo(3);
    assertThat(onHost("run")).isEqualTo(3);
  }

  @Test
  void aRotationThatWasRolledBackEndsWithFour() {
    host.world.newPodsNeverReady();

    assertThat(onHost("run")).isEqualTo(4);
  }

  @Test
  void theRollbackVerbEndsWithZeroWhenItWentBack() {
    onHost("run");

    assertThat(onHost("rollback")).isZero();
  }

  @Test
  void aRotationThatCannotGoOnEndsWithFive() {
    host.eachPause =
        () ->
            host.world.databaseDown(
                host.world.changes() > 2); // it never comes back, and nothing can be known

    assertThat(onHost("run", "--patience", "2s")).isEqualTo(5);
    assertThat(out.toString()).contains("run the same command again");
  }

  @Test
  void aChangedAuditIsNoReport() throws IOException {
    onHost("run");
    Path audit = host.state.resolve("audit.jsonl");
    Files.writeString(audit, Files.readString(audit).replaceFirst("user ", "nobody "));

    assertThat(inAudit("verify")).isEqualTo(3);
    assertThat(onHost("report")).isEqualTo(3);
    assertThat(out.toString()).contains("Line 1 is the first that cannot be trusted");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "plan",
        "plan -f a.yaml name",
        "plan -f a.yaml -n x",
        "plan name --state-dir d",
        "run -f a.yaml --request x --if-due",
        "run -f a.yaml --patience soon",
        "frobnicate",
        "plan -f /does/not/exist",
      })
  void wrongOptionsEndWithTwoAndSayWhatIsWrong(String args) {
    assertThat(run(args.isEmpty() ? new String[0] : args.split(" "))).isEqualTo(2);
    assertThat(err.toString()).isNotBlank();
  }

  @Test
  void aFaultPrintsNoTextOfTheException() {
    host.eachPause =
        () -> {
          throw new IllegalStateException("sk-canary-in-an-exception");
        };

    assertThat(onHost("run")).isEqualTo(1);
    assertThat(out + err.toString()).contains("IllegalStateException").doesNotContain("sk-canary");
  }

  @Test
  void theCompletionScriptIsValidBash() throws Exception {
    assertThat(run("generate-completion")).isZero();
    Path script = Files.writeString(directory.resolve("completion"), out.toString());

    Process bash = new ProcessBuilder("bash", "-n", script.toString()).start();

    assertThat(bash.waitFor()).isZero();
    assertThat(out.toString()).contains("rollback").contains("--state-dir");
  }
}
