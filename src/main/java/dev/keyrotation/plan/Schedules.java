package dev.keyrotation.plan;

import com.cronutils.model.CronType;
import com.cronutils.model.definition.CronDefinitionBuilder;
import com.cronutils.model.time.ExecutionTime;
import com.cronutils.parser.CronParser;
import dev.keyrotation.api.v1alpha1.MaintenanceWindow;
import dev.keyrotation.api.v1alpha1.RotateSpec;
import dev.keyrotation.api.v1alpha1.RotationDuration;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.util.Comparator;
import java.util.Optional;

/**
 * Cron expressions of {@code spec.rotate}: Unix form, five fields, in the time zone of the spec.
 */
public final class Schedules {
  /** Spreads the close hash codes of like names over all numbers. */
  private static final long GOLDEN_RATIO = 0x9E3779B97F4A7C15L;

  private Schedules() {}

  /**
   * The first time after {@code last} at which the schedule is due; empty without schedule, or when
   * it is never due.
   *
   * @throws IllegalArgumentException when expression or time zone are not valid; the message says
   *     which
   */
  public static Optional<Instant> nextAfter(RotateSpec rotate, Instant last) {
    String schedule = rotate.schedule();
    return schedule == null
        ? Optional.empty()
        : times(schedule)
            .nextExecution(last.atZone(zone(rotate.timeZone())))
            .map(ZonedDateTime::toInstant);
  }

  /**
   * {@code due} with the delay of {@code spec.rotate.jitter}: below that duration, always the same
   * for one resource and time.
   */
  public static Instant delayed(RotateSpec rotate, String resource, Instant due) {
    long longest = RotationDuration.parse(rotate.jitter()).toSeconds();
    if (longest == 0) {
      return due;
    }
    long spread = (resource + "@" + due).hashCode() * GOLDEN_RATIO;
    return due.plusSeconds(Math.floorMod(spread >>> Integer.SIZE, longest));
  }

  /**
   * {@code time} when it lies in a window of the spec or there are none, else when the next one
   * opens; empty when none ever does.
   *
   * @throws IllegalArgumentException when an expression or the time zone are not valid
   */
  public static Optional<Instant> inWindow(RotateSpec rotate, Instant time) {
    if (rotate.windows().isEmpty()) {
      return Optional.of(time);
    }
    ZonedDateTime at = time.atZone(zone(rotate.timeZone()));
    if (rotate.windows().stream().anyMatch(window -> isOpen(window, at))) {
      return Optional.of(time);
    }
    return rotate.windows().stream()
        .flatMap(window -> times(window.start()).nextExecution(at).stream())
        .map(ZonedDateTime::toInstant)
        .min(Comparator.naturalOrder());
  }

  private static boolean isOpen(MaintenanceWindow window, ZonedDateTime at) {
    Duration length = RotationDuration.parse(window.duration());
    // A window that opens at this very moment is open.
    return times(window.start())
        .lastExecution(at.plusSeconds(1))
        .filter(opened -> !opened.isAfter(at) && at.isBefore(opened.plus(length)))
        .isPresent();
  }

  private static ExecutionTime times(String cron) {
    return ExecutionTime.forCron(
        new CronParser(CronDefinitionBuilder.instanceDefinitionFor(CronType.UNIX)).parse(cron));
  }

  private static ZoneId zone(String name) {
    try {
      return ZoneId.of(name);
    } catch (DateTimeException e) {
      throw new IllegalArgumentException("'" + name + "' is no time zone that Java knows", e);
    }
  }
}
