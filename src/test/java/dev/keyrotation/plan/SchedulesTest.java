package dev.keyrotation.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.keyrotation.api.v1alpha1.MaintenanceWindow;
import dev.keyrotation.api.v1alpha1.RotateSpec;
import dev.keyrotation.api.v1alpha1.RotateSpecBuilder;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SchedulesTest {
  private static RotateSpec rotate(String schedule, String zone) {
    return RotateSpecBuilder.builder().schedule(schedule).timeZone(zone).build();
  }

  @Test
  void quarterlyScheduleIsDueInTheTimeZoneOfTheSpec() {
    var due =
        Schedules.nextAfter(
            rotate("0 3 1 */3 *", "Europe/Berlin"), Instant.parse("2026-05-02T00:00:00Z"));

    assertThat(due).contains(Instant.parse("2026-07-01T01:00:00Z"));
  }

  @Test
  void timeThatTheClockSkipsInSpringIsDueTheNextTime() {
    var due =
        Schedules.nextAfter(
            rotate("30 2 * * *", "Europe/Berlin"), Instant.parse("2026-03-28T12:00:00Z"));

    assertThat(due).contains(Instant.parse("2026-03-30T00:30:00Z"));
  }

  @Test
  void timeZoneThatDoesNotExistIsNamed() {
    assertThatThrownBy(
            () -> Schedules.nextAfter(rotate("0 3 * * *", "Mars/Olympus"), Instant.EPOCH))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("Mars/Olympus");
  }

  @Test
  void minuteThatDoesNotExistIsRefused() {
    assertThatThrownBy(() -> Schedules.nextAfter(rotate("61 3 * * *", "UTC"), Instant.EPOCH))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void noScheduleIsNeverDue() {
    assertThat(Schedules.nextAfter(RotateSpec.never(), Instant.EPOCH)).isEmpty();
  }

  private static RotateSpec windows(MaintenanceWindow... windows) {
    return RotateSpecBuilder.builder().timeZone("Europe/Berlin").windows(List.of(windows)).build();
  }

  private static final MaintenanceWindow SATURDAY_NIGHT = new MaintenanceWindow("0 22 * * 6", "4h");

  @ParameterizedTest
  @CsvSource({
    "2026-06-06T20:00:00Z, 2026-06-06T20:00:00Z", // the moment it opens
    "2026-06-06T23:59:59Z, 2026-06-06T23:59:59Z", // past midnight, still open
    "2026-06-07T00:00:00Z, 2026-06-13T20:00:00Z", // just closed
    "2026-06-06T19:59:59Z, 2026-06-06T20:00:00Z", // not yet open
    "2026-06-09T12:00:00Z, 2026-06-13T20:00:00Z", // in the middle of the week
  })
  void timeOutsideOfAWindowMovesToTheNextOpening(Instant time, Instant expected) {
    assertThat(Schedules.inWindow(windows(SATURDAY_NIGHT), time)).contains(expected);
  }

  @Test
  void earliestOfSeveralWindowsCounts() {
    RotateSpec rotate = windows(SATURDAY_NIGHT, new MaintenanceWindow("30 3 * * 3", "30m"));

    assertThat(Schedules.inWindow(rotate, Instant.parse("2026-06-09T12:00:00Z")))
        .contains(Instant.parse("2026-06-10T01:30:00Z"));
  }

  @Test
  void windowThatBeganBeforeTheClocksChangedStaysOpenForItsFullLength() {
    RotateSpec rotate = windows(new MaintenanceWindow("0 1 * * *", "4h"));

    // 1:00 CEST to 4:00 CET: on that night four hours after 1:00 it is four o'clock.
    assertThat(Schedules.inWindow(rotate, Instant.parse("2026-10-25T02:59:00Z")))
        .contains(Instant.parse("2026-10-25T02:59:00Z"));
    assertThat(Schedules.inWindow(rotate, Instant.parse("2026-10-25T03:00:00Z")))
        .contains(Instant.parse("2026-10-26T00:00:00Z"));
  }

  @Test
  void windowThatNeverOpensIsNoTime() {
    assertThat(
            Schedules.inWindow(windows(new MaintenanceWindow("0 1 31 2 *", "4h")), Instant.EPOCH))
        .isEmpty();
  }

  @Test
  void jitterSpreadsResourcesAndIsTheSameEachTime() {
    RotateSpec rotate = RotateSpecBuilder.builder().schedule("0 3 * * *").jitter("1h").build();
    Instant due = Instant.parse("2026-06-01T03:00:00Z");

    List<Instant> times =
        IntStream.range(0, 100)
            .mapToObj(i -> Schedules.delayed(rotate, "team-" + i + "/litellm", due))
            .toList();

    assertThat(times).allMatch(t -> !t.isBefore(due) && t.isBefore(due.plusSeconds(3600)));
    assertThat(times.stream().map(t -> Duration.between(due, t).toMinutes() / 15).distinct())
        .as("each quarter of the hour has some")
        .hasSize(4);
    assertThat(Schedules.delayed(rotate, "team-1/litellm", due)).isEqualTo(times.get(1));
  }
}
