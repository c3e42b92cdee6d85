package dev.keyrotation.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.keyrotation.api.v1alpha1.RotateSpec;
import dev.keyrotation.api.v1alpha1.RotateSpecBuilder;
import java.time.Instant;
import org.junit.jupiter.api.Test;

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
}
