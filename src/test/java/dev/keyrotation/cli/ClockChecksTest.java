package dev.keyrotation.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.keyrotation.cli.Backend.Check;
import dev.keyrotation.cli.Backend.Outcome;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ClockChecksTest {
  private static final Instant NOON = Instant.parse("2026-11-25T12:00:00Z");

  @ParameterizedTest
  @CsvSource({
    // theirs, asked at 0 s and answered at 2 s, resolution, outcome, words
    "1, 0, OK, agrees with this machine's",
    "0, 0, OK, agrees with this machine's",
    "2, 0, OK, agrees with this machine's",
    "-1, 1, OK, agrees with this machine's",
    "6, 0, OK, 4 s ahead of",
    "7, 0, OK, 5 s ahead of",
    "8, 0, WARNING, is 6 s ahead of",
    "-6, 0, WARNING, is 6 s behind",
    "-6, 1, OK, 5 s behind",
    "-3600, 1, WARNING, is 3599 s behind"
  })
  void onlyADifferenceThatTheCallDoesNotExplainIsOne(
      long theirs, long resolution, Outcome outcome, String words) {
    Check check =
        ClockChecks.compare(
            "clock of the database",
            NOON,
            NOON.plusSeconds(theirs),
            NOON.plusSeconds(2),
            Duration.ofSeconds(resolution));

    assertThat(check.outcome()).isEqualTo(outcome);
    assertThat(check.message()).startsWith(words);
  }

  @Test
  void aDatabaseThatRunsAheadIsNamed(@TempDir Path directory) {
    HostFixture host = new HostFixture(directory);
    host.world.databaseClockIsAhead(Duration.ofSeconds(90));

    List<Check> checks =
        ClockChecks.of(
            host.backend().read(),
            rotation -> host.world.database(),
            (owner, unit) -> {
              throw new AssertionError("no unit is on another host");
            },
            host.world.clock());

    assertThat(checks)
        .singleElement()
        .satisfies(
            check -> {
              assertThat(check.outcome()).isEqualTo(Outcome.WARNING);
              assertThat(check.message()).contains("90 s ahead of");
            });
  }

  @Test
  void aDatabaseThatDoesNotAnswerIsNoFaultOfItsClock(@TempDir Path directory) {
    HostFixture host = new HostFixture(directory);
    host.world.databaseDown(true);

    List<Check> checks =
        ClockChecks.of(
            host.backend().read(),
            rotation -> host.world.database(),
            (owner, unit) -> {
              throw new AssertionError("no unit is on another host");
            },
            host.world.clock());

    assertThat(checks).singleElement().extracting(Check::outcome).isEqualTo(Outcome.WARNING);
  }
}
