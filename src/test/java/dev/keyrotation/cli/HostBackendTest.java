package dev.keyrotation.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.keyrotation.audit.AuditChain;
import dev.keyrotation.engine.HostedWorld;
import dev.keyrotation.plan.Statuses;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HostBackendTest {
  @TempDir Path directory;
  private HostFixture host;

  @BeforeEach
  void setUp() {
    host = new HostFixture(directory);
  }

  @Test
  void runRotatesAndEndsOnTheNewKeys() {
    Result result = host.run("ticket-1");

    assertThat(result.exitCode()).isEqualTo(ExitCode.SUCCEEDED);
    assertThat(result.sentence()).contains("litellm-r2 succeeded").contains("7 values");
    host.world.isExactlyNew(result.resource());
  }

  @Test
  void theSameRequestStartsNoSecondRotation() {
    host.run("ticket-1");
    int changes = host.world.changes();

    Result again = host.run("ticket-1");

    assertThat(again.exitCode()).isEqualTo(ExitCode.SUCCEEDED);
    assertThat(again.sentence()).contains("request ticket-1 was handled before");
    assertThat(host.world.changes()).isEqualTo(changes);
  }

  @Test
  void aRunWithoutRequestStartsARotationEachTime() {
    host.run(null);
    host.eachPause.run();
    host.world.tick();

    Result second = host.run(null);

    assertThat(Statuses.of(second.resource()).history()).hasSize(2);
  }

  private Result runAndWatch(String request, String period) {
    return host.backend()
        .run(
            new HostResource.Wish.Rotate(request),
            new Soaking(true, period),
            new ProgressLines(new PrintWriter(host.out)));
  }

  @Test
  void runStaysForTheTimeThatSoakNamesAndTellsOfEachLook() throws IOException {
    Result result = runAndWatch("ticket-1", "5m");

    assertThat(result.exitCode()).isEqualTo(ExitCode.SUCCEEDED);
    assertThat(result.sentence()).contains("succeeded").contains("3 looks, nothing found.");
    assertThat(host.out.toString()).contains("1 look, nothing found so far");
    assertThat(host.backend().audit().getLast()).contains("SoakPassed");
  }

  @Test
  void runEndsWithACodeOfItsOwnWhenTheTimeAfterwardsShowsAProblem() throws IOException {
    host.eachPause =
        () -> {
          if (isWatching()) {
            host.world.oldMasterWorksAgain();
          }
        };

    Result result = runAndWatch("ticket-1", "5m");

    assertThat(result.exitCode()).isEqualTo(ExitCode.SOAK_PROBLEMS);
    assertThat(result.sentence()).contains("succeeded").contains("OldKeyStillAccepted");
    assertThat(host.backend().audit())
        .filteredOn(line -> line.contains("SoakProblem"))
        .singleElement()
        .asString()
        .contains("OldKeyStillAccepted")
        .contains("litellm-r2");
    assertThat(AuditChain.check(host.backend().audit()))
        .isInstanceOf(AuditChain.Check.Intact.class);
  }

  private boolean isWatching() {
    try {
      return Files.readString(host.state.resolve("state.json")).contains("Watching");
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  @Test
  void withoutSoakRunEndsWithTheRotationAndALaterRunGoesOnWatching() {
    Result first = host.run("ticket-1");
    for (int i = 0; i < 70; i++) {
      host.world.tick();
    }
    Result second = host.run("ticket-1");

    assertThat(Statuses.of(first.resource()).soak().looks()).isZero();
    assertThat(second.exitCode()).isEqualTo(ExitCode.SUCCEEDED);
    assertThat(Statuses.of(second.resource()).soak().looks()).isEqualTo(1);
  }

  @Test
  void planTakesNoLook() {
    host.run("ticket-1");
    for (int i = 0; i < 70; i++) {
      host.world.tick();
    }

    host.backend().plan();

    assertThat(Statuses.of(host.backend().read()).soak().looks()).isZero();
  }

  @Test
  void aSuspendedResourceStartsNothingAndSaysWhy() throws IOException {
    host.describe(Files.readString(host.file).replace("suspend: false", "suspend: true"));

    Result result = host.run("ticket-1");

    assertThat(result.exitCode()).isEqualTo(ExitCode.FINDINGS);
    assertThat(result.sentence()).contains("spec.suspend holds back");
    assertThat(host.world.changes()).isZero();
  }

  @Test
  void ifDueStartsNothingThatTheFileDoesNotAskFor() {
    Result result =
        host.backend()
            .run(new HostResource.Wish.WhatIsDue(), new ProgressLines(new PrintWriter(host.out)));

    assertThat(result.exitCode()).isEqualTo(ExitCode.SUCCEEDED);
    assertThat(host.world.changes()).isZero();
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aProcessThatIsKilledAtAnyChangeIsReplacedByTheNextRun(boolean after) throws IOException {
    host.run("ticket-1");
    int changes = host.world.changes();
    for (int kill = 0; kill < changes; kill++) {
      Path fresh = Files.createDirectories(directory.resolve(after + "-" + kill));
      HostFixture killed = new HostFixture(fresh);
      killed.world.killAt(kill, after);
      try {
        killed.run("ticket-1");
      } catch (Error e) {
        assertThat(HostedWorld.isKill(e)).isTrue();
      }

      Result resumed = killed.run("ticket-1");

      assertThat(resumed.exitCode()).as("killed at change %d", kill).isEqualTo(ExitCode.SUCCEEDED);
      killed.world.isExactlyNew(resumed.resource());
      assertThat(AuditChain.check(killed.backend().audit()))
          .isInstanceOf(AuditChain.Check.Intact.class);
    }
  }

  @Test
  void aProcessThatIsKilledBeforeItsStateIsRenamedLosesNothing() throws IOException {
    AtomicInteger pauses = new AtomicInteger();
    host.eachPause =
        () -> {
          if (pauses.incrementAndGet() == 5) {
            throw new IllegalStateException("dies here");
          }
        };
    assertThatThrownBy(() -> host.run("ticket-1")).isInstanceOf(IllegalStateException.class);
    Files.writeString(host.state.resolve("state.json.new"), "{\"half\": ");
    host.eachPause = () -> {};

    Result resumed = host.run("ticket-1");

    assertThat(resumed.exitCode()).isEqualTo(ExitCode.SUCCEEDED);
    host.world.isExactlyNew(resumed.resource());
  }

  @Test
  void instancesThatDoNotStartEndTheRunOnTheOldKeys() {
    host.world.newPodsNeverReady();

    Result result = host.run("ticket-1");

    assertThat(result.exitCode()).isEqualTo(ExitCode.ROLLED_BACK);
    host.world.isExactlyOld(result.resource());
  }

  @Test
  void findingsEndTheRunBeforeAnythingIsChanged() {
    host.world.databaseDown(true);

    Result result = host.run("ticket-1");

    assertThat(result.exitCode()).isEqualTo(ExitCode.FINDINGS);
    assertThat(result.sentence()).contains("DatabaseUnavailable");
    assertThat(host.world.changes()).isZero();
  }

  @Test
  void theRollbackVerbTakesTheLastRotationBack() {
    host.run("ticket-1");

    Result result = host.backend().rollBack(null, new ProgressLines(new PrintWriter(host.out)));

    assertThat(result.exitCode()).isEqualTo(ExitCode.ROLLED_BACK);
    host.world.isExactlyOld(result.resource());
  }

  @Test
  void aRollbackOfAnotherRotationIsRefused() {
    host.run("ticket-1");

    assertThatThrownBy(
            () ->
                host.backend().rollBack("litellm-r9", new ProgressLines(new PrintWriter(host.out))))
        .isInstanceOfSatisfying(
            CommandFailure.class, f -> assertThat(f.exitCode()).isEqualTo(ExitCode.BAD_INPUT))
        .hasMessageContaining("litellm-r2");
  }

  @Test
  void aStopInMidRotationSaysHowToGoOn() {
    AtomicInteger pauses = new AtomicInteger();
    host.eachPause =
        () -> {
          if (pauses.incrementAndGet() == 6) {
            host.stop().ask();
          }
        };

    Result stopped = host.run("ticket-1");

    assertThat(stopped.exitCode()).isEqualTo(ExitCode.INTERRUPTED);
    assertThat(stopped.sentence()).contains("run the same command again");
    host.world.isExactlyNew(host.run("ticket-1").resource());
  }

  @Test
  void aSecondRunIsToldWhoHoldsTheLock() {
    List<Throwable> second = new ArrayList<>();
    host.eachPause =
        () -> {
          if (second.isEmpty()) {
            Stop running = host.stop();
            try {
              new HostBackend(
                      host.file,
                      host.state,
                      host,
                      running,
                      java.time.Duration.ZERO,
                      host.warnings::add,
                      host.world.clock())
                  .run(new HostResource.Wish.Rotate("ticket-2"), resource -> {});
            } catch (CommandFailure e) {
              second.add(e);
            }
          }
        };

    host.run("ticket-1");

    assertThat(second)
        .singleElement()
        .isInstanceOfSatisfying(
            CommandFailure.class, f -> assertThat(f.exitCode()).isEqualTo(ExitCode.LOCKED))
        .extracting(Throwable::getMessage)
        .asString()
        .contains("pid " + ProcessHandle.current().pid());
  }

  @Test
  void theTargetOfARotationUnderWayCannotBeChanged() throws IOException {
    host.eachPause = () -> host.stop().ask();
    host.run("ticket-1");
    host.describe(Files.readString(host.file).replaceFirst("(?m)^ *- \"?Salt\"?\\n", ""));

    assertThatThrownBy(() -> host.run("ticket-1"))
        .isInstanceOfSatisfying(
            CommandFailure.class, f -> assertThat(f.exitCode()).isEqualTo(ExitCode.BAD_INPUT))
        .hasMessageContaining("a rotation is under way");
  }

  @Test
  void planChangesNothingAndShowsTheSteps() throws IOException {
    Result plan = host.backend().plan();

    assertThat(plan.exitCode()).isEqualTo(ExitCode.SUCCEEDED);
    assertThat(StatusText.plan(plan)).contains("StopWorkloads").contains("7 to be re-encrypted");
    assertThat(host.world.changes()).isZero();
    assertThat(host.state).doesNotExist();
  }

  @Test
  void verifyAsksEveryInstanceAndTheValues() {
    host.run("ticket-1");

    List<Backend.Check> checks = host.backend().verify();

    assertThat(checks).allMatch(check -> check.outcome() == Backend.Outcome.OK);
    assertThat(checks)
        .extracting(Backend.Check::message)
        .anyMatch(m -> m.contains("refuses a random one and the one that was replaced"))
        .anyMatch(m -> m.contains("7 under the key in use, none under the replaced one"));
  }

  @Test
  void verifyFindsKeysThatSomebodyChanged() {
    host.run("ticket-1");
    host.world.keysChangedByHand();

    assertThat(host.backend().verify())
        .anyMatch(c -> c.outcome() == Backend.Outcome.PROBLEM && c.message().contains("by hand"));
  }

  @Test
  void noKeyIsInOutputStateOrAudit() throws IOException {
    Result result = host.run("ticket-1");
    StringWriter shown = new StringWriter();
    new OutputOptions().print(new PrintWriter(shown), result, result::sentence);

    List<String> keys = new ArrayList<>(host.world.keysInUse());
    keys.add("sk-canary");
    assertThat(keys).hasSizeGreaterThan(4);
    try (Stream<Path> files = Files.walk(host.state)) {
      for (Path written : files.filter(Files::isRegularFile).toList()) {
        assertThat(Files.readString(written)).as(written.toString()).doesNotContain(keys);
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(written)))
            .isEqualTo("rw-------");
      }
    }
    assertThat(host.out + shown.toString() + result.sentence() + host.warnings)
        .contains("verifying")
        .doesNotContain(keys);
  }
}
