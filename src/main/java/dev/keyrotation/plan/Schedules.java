package dev.keyrotation.plan;

import com.cronutils.model.CronType;
import com.cronutils.model.definition.CronDefinitionBuilder;
import com.cronutils.model.time.ExecutionTime;
import com.cronutils.parser.CronParser;
import dev.keyrotation.api.v1alpha1.RotateSpec;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.ZoneId;
import java.util.Optional;

/**
 * Cron expressions of {@code spec.rotate.schedule}: Unix form, five fields, in the time zone of the
 * spec.
 */
public final class Schedules {
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
    if (schedule == null) {
      return Optional.empty();
    }
    return ExecutionTime.forCron(
            new CronParser(CronDefinitionBuilder.instanceDefinitionFor(CronType.UNIX))
                .parse(schedule))
        .nextExecution(last.atZone(zone(rotate.timeZone())))
        .map(java.time.ZonedDateTime::toInstant);
  }

  private static ZoneId zone(String name) {
    try {
      return ZoneId.of(name);
    } catch (DateTimeException e) {
      throw new IllegalArgumentException("'" + name + "' is no time zone that Java knows", e);
    }
  }
}
