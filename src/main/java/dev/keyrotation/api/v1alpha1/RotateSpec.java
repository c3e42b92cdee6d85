package dev.keyrotation.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Size;
import io.soabase.recordbuilder.core.RecordBuilder;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** When to rotate. */
@RecordBuilder
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public record RotateSpec(
    @Size(min = 1, max = 128)
        @JsonPropertyDescription(
            "Any text, for example a date or a ticket. A value that differs from"
                + " status.handledRequest starts one rotation; applying the same value again starts"
                + " none.")
        @Nullable String request,
    @Size(min = 9, max = 128)
        @Pattern(RotateSpec.CRON_PATTERN)
        @JsonPropertyDescription(
            "Cron expression of five fields (minute, hour, day of month, month, day of week). Runs"
                + " that were missed, for example while suspended, coalesce into one.")
        @Nullable String schedule,
    @Default("0")
        @Pattern(RotationDuration.PATTERN)
        @JsonPropertyDescription(
            "Longest delay of a scheduled run, so that many resources with one schedule do not"
                + " begin at once. The delay of a run is fixed by the resource's name and the run's"
                + " time.")
        String jitter,
    @Size(max = 16)
        @JsonPropertyDescription(
            "When rotations may begin, scheduled and requested ones; without any: at all times. A"
                + " rotation that has begun goes on when its window closes. Roll back, retirement"
                + " of old keys and reason: Compromised do not wait for a window.")
        List<MaintenanceWindow> windows,
    @Default("0")
        @Pattern(RotationDuration.PATTERN)
        @JsonPropertyDescription(
            "Shortest time from the end of a rotation to the begin of the next, scheduled or"
                + " requested: a pipeline that makes a new request with every run does not rotate"
                + " with every run.")
        String minimumGap,
    @Default("UTC")
        @Size(min = 1, max = 64)
        @Pattern("^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*$")
        @JsonPropertyDescription(
            "IANA time zone of `schedule` and `windows`, for example Europe/Berlin.")
        String timeZone,
    @Default("false")
        @JsonPropertyDescription(
            "Only plan: a trigger runs the preflight and writes the plan to status.plan; nothing"
                + " else is touched.")
        boolean planOnly,
    @Size(min = 1, max = 280)
        @JsonPropertyDescription(
            "Id of the rotation to roll back, as status.rotation.id or status.history[].id shows"
                + " it: the one that is under way, or the last one while its old keys are kept"
                + " (condition RollBackPossible). Any other id does nothing, so it may stay in the"
                + " manifest.")
        @Nullable String rollBack,
    @Default("Routine")
        @JsonPropertyDescription(
            "Why `request` asks for a rotation. Compromised: somebody else may know the keys. Then"
                + " gracePeriod is ignored, the old master key ends with each old instance, keys of"
                + " LiteLLM dashboard sessions are ended, and keys and users with admin rights that"
                + " were created meanwhile are listed in the status. Rotations by schedule are"
                + " always Routine.")
        RotationReason reason,
    @Pattern(
            "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})$")
        @JsonPropertyDescription(
            "With reason Compromised: since when somebody else may have known the keys, RFC 3339."
                + " Keys and users with admin rights created since then are listed. Default: since"
                + " the last rotation.")
        @Nullable String compromisedSince,
    @Default("false")
        @JsonPropertyDescription(
            "Let `rollBack` also take back a rotation with reason Compromised, whose old keys"
                + " somebody else may know.")
        boolean acceptCompromisedKeys)
    implements RotateSpecBuilder.With {

  /** A cron expression of five fields, as far as a regular expression can tell. */
  static final String CRON_PATTERN = "^[0-9A-Za-z*,/?#-]+( [0-9A-Za-z*,/?#-]+){4}$";

  public RotateSpec(
      @Nullable String request,
      @Nullable String schedule,
      @Nullable String jitter,
      @Nullable List<MaintenanceWindow> windows,
      @Nullable String minimumGap,
      @Nullable String timeZone,
      boolean planOnly,
      @Nullable String rollBack,
      @Nullable RotationReason reason,
      @Nullable String compromisedSince,
      boolean acceptCompromisedKeys) {
    this.reason = reason == null ? RotationReason.ROUTINE : reason;
    this.compromisedSince = compromisedSince;
    this.acceptCompromisedKeys = acceptCompromisedKeys;
    this.rollBack = rollBack;
    this.request = request;
    this.schedule = schedule;
    this.jitter = jitter == null ? "0" : jitter;
    this.windows = windows == null ? List.of() : List.copyOf(windows);
    this.minimumGap = minimumGap == null ? "0" : minimumGap;
    this.timeZone = timeZone == null ? "UTC" : timeZone;
    this.planOnly = planOnly;
  }

  /** Neither request nor schedule: nothing starts by itself. */
  public static RotateSpec never() {
    return RotateSpecBuilder.builder().build();
  }
}
