package dev.keyrotation.cli;

import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.SystemdUnitTarget;
import dev.keyrotation.cli.Backend.Check;
import dev.keyrotation.cli.Backend.Outcome;
import dev.keyrotation.database.DatabaseProvider;
import dev.keyrotation.failure.RotationException;
import dev.keyrotation.host.Hosts;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.http.HttpRequest;
import io.fabric8.kubernetes.client.http.HttpResponse;
import java.time.Clock;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Compares the clocks that a rotation depends on with the one of this machine. The end of a grace
 * row is written by one clock and honoured, to the second, by another.
 */
final class ClockChecks {
  /** Far more than a synchronised clock is off, far less than any time of a rotation. */
  static final Duration TOLERATED = Duration.ofSeconds(5);

  private static final Duration WHOLE_SECONDS = Duration.ofSeconds(1);
  private static final int ANSWER_SECONDS = 10;
  private static final String READ_CLOCK = "date +%s.%N | cut -c1-14"; // to the millisecond

  private ClockChecks() {}

  /** The clocks of the database and of each other host that {@code resource} names. */
  static List<Check> of(
      KeyRotation resource, DatabaseProvider databases, Hosts hosts, Clock clock) {
    List<Check> checks = new ArrayList<>();
    if (resource.getSpec().database() != null) {
      checks.add(
          asked(
              "clock of the database",
              clock,
              Duration.ZERO,
              () -> databases.open(resource).clock()));
    }
    List<String> seen = new ArrayList<>();
    for (SystemdUnitTarget unit : resource.getSpec().units()) {
      if (unit.host() != null && !seen.contains(unit.host().address())) {
        seen.add(unit.host().address());
        checks.add(
            asked(
                "clock of " + unit.host().address(),
                clock,
                Duration.ZERO,
                () -> hostClock(resource, hosts, unit)));
      }
    }
    return checks;
  }

  /** The clock of the API server, by the {@code Date} header of an answer. */
  static Check ofCluster(KubernetesClient client, Clock clock) {
    return asked("clock of the API server", clock, WHOLE_SECONDS, () -> serverClock(client));
  }

  private static Check asked(
      String subject, Clock clock, Duration resolution, Supplier<@Nullable Instant> question) {
    Instant before = clock.instant();
    try {
      Instant theirs = question.get();
      return theirs == null
          ? new Check(subject, Outcome.WARNING, "it does not tell its time")
          : compare(subject, before, theirs, clock.instant(), resolution);
    } catch (RotationException e) {
      return new Check(subject, Outcome.WARNING, e.sentence()); // preflight judges outages
    }
  }

  /**
   * What {@code theirs} says, read at some time from {@code before} to {@code after} by the clock
   * of this machine.
   *
   * @param resolution how much later than {@code theirs} it may have been there
   */
  static Check compare(
      String subject, Instant before, Instant theirs, Instant after, Duration resolution) {
    // Only what no moment of the call explains is a difference.
    Duration skew =
        theirs.isAfter(after)
            ? Duration.between(after, theirs)
            : theirs.plus(resolution).isBefore(before)
                ? Duration.between(before, theirs.plus(resolution))
                : Duration.ZERO;
    if (skew.abs().compareTo(TOLERATED) <= 0) {
      return new Check(
          subject,
          Outcome.OK,
          skew.toSeconds() == 0
              ? "agrees with this machine's"
              : seconds(skew) + " this machine's, which is little enough");
    }
    return new Check(
        subject,
        Outcome.WARNING,
        "is "
            + seconds(skew)
            + " this machine's: the old key is refused that much too early or too late. Let both"
            + " follow a time server (timedatectl, chronyc tracking).");
  }

  private static String seconds(Duration skew) {
    return skew.abs().toSeconds() + " s " + (skew.isNegative() ? "behind" : "ahead of");
  }

  private static @Nullable Instant hostClock(
      KeyRotation resource, Hosts hosts, SystemdUnitTarget unit) {
    String said =
        hosts
            .of(resource, unit)
            .script("read the clock", READ_CLOCK, List.of(), new byte[0])
            .text()
            .strip();
    try {
      return Instant.ofEpochMilli(new java.math.BigDecimal(said).movePointRight(3).longValue());
    } catch (NumberFormatException e) {
      return null;
    }
  }

  private static @Nullable Instant serverClock(KubernetesClient client) {
    HttpRequest request =
        client
            .getHttpClient()
            .newHttpRequestBuilder()
            .uri(client.getMasterUrl() + "version")
            .build();
    try {
      HttpResponse<String> answer =
          client
              .getHttpClient()
              .sendAsync(request, String.class)
              .orTimeout(ANSWER_SECONDS, TimeUnit.SECONDS)
              .join();
      String date = answer.header("Date");
      return date == null
          ? null
          : ZonedDateTime.parse(date, DateTimeFormatter.RFC_1123_DATE_TIME).toInstant();
    } catch (CompletionException | KubernetesClientException | DateTimeException e) {
      return null;
    }
  }
}
