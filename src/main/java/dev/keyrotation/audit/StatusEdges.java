package dev.keyrotation.audit;

import dev.keyrotation.api.v1alpha1.ActiveKeys;
import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.api.v1alpha1.ConditionType;
import dev.keyrotation.api.v1alpha1.Direction;
import dev.keyrotation.api.v1alpha1.Failure;
import dev.keyrotation.api.v1alpha1.HistoryEntry;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.KeyRotationStatus;
import dev.keyrotation.api.v1alpha1.RotationStatus;
import dev.keyrotation.api.v1alpha1.SoakResult;
import dev.keyrotation.api.v1alpha1.SoakStatus;
import dev.keyrotation.api.v1alpha1.StepName;
import dev.keyrotation.api.v1alpha1.Trigger;
import dev.keyrotation.plan.Statuses;
import dev.keyrotation.plan.StepSequence;
import io.fabric8.kubernetes.api.model.Condition;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The edges that a stored status tells of. Pure. What a stored status says has happened; so an
 * audit that is made from it tells nothing that did not, and nothing is lost with a process that
 * dies before it has told.
 */
public final class StatusEdges {
  private static final String TOLD_LATE = "It is told late: its time is that of a later step.";

  private final KeyRotation primary;
  private final KeyRotationStatus status;
  private final Function<String, @Nullable String> whoSet;
  private final List<Edge> edges = new ArrayList<>();

  private StatusEdges(KeyRotation primary, Function<String, @Nullable String> whoSet) {
    this.primary = primary;
    this.status = Statuses.of(primary);
    this.whoSet = whoSet;
  }

  /** An edge and when it happened, as the status says. */
  public record Edge(Instant time, AuditEntry entry) {}

  /**
   * All that the status of {@code primary} tells, in the order in which it happened.
   *
   * @param whoSet tells who set a field of {@code spec.rotate} last; null when it is not known
   */
  public static List<Edge> of(KeyRotation primary, Function<String, @Nullable String> whoSet) {
    StatusEdges all = new StatusEdges(primary, whoSet);
    all.collect();
    all.edges.sort(
        Comparator.comparing(Edge::time)); // stable: what happened at once stays in order
    return List.copyOf(all.edges);
  }

  private void collect() {
    status.history().reversed().forEach(this::ended);
    RotationStatus rotation = status.rotation();
    if (rotation == null) {
      atRest();
    } else if (status.history().stream().anyMatch(entry -> entry.id().equals(rotation.id()))) {
      back(rotation); // it had ended; its way forward is told
    } else {
      begun(rotation);
      underWay(rotation);
    }
    SoakStatus soak = status.soak();
    if (soak != null) {
      soak(soak);
    }
  }

  private void add(String time, AuditEntry entry) {
    edges.add(new Edge(Instant.parse(time), entry));
  }

  private void ended(HistoryEntry entry) {
    AuditEntryBuilder common =
        AuditEntryBuilder.builder()
            .rotation(entry.id())
            .trigger(entry.trigger())
            .request(entry.request())
            .rotationReason(entry.reason())
            .keys(entry.keys())
            .mode(entry.mode())
            .oldKeys(entry.oldKeys());
    add(
        entry.startedAt(),
        common
            .event(AuditEvent.BEGUN)
            .direction(Direction.FORWARD)
            .step(StepName.GENERATE_KEYS)
            .build());
    Failure failure = entry.failure();
    ActiveKeys active = status.activeKeys();
    add(
        entry.completedAt(),
        common
            .event(AuditEvent.ENDED)
            .direction(null)
            .step(null)
            .newKeys(
                active != null && active.revision() == entry.revision()
                    ? active.fingerprints()
                    : null)
            .data(entry.data())
            .unavailableSeconds(entry.unavailableSeconds())
            .result(entry.result())
            .reason(failure == null ? null : failure.reason())
            .message(failure == null ? null : failure.message())
            .build());
    if (entry.retiredAt() != null) {
      add(
          entry.retiredAt(),
          AuditEntryBuilder.builder()
              .event(AuditEvent.RETIRED)
              .rotation(entry.id())
              .reason(ConditionReason.IDLE.text())
              .message(
                  entry.id() + ": keys of revision " + entry.retiredRevision() + " are retired")
              .build());
    }
  }

  private void begun(RotationStatus rotation) {
    add(
        rotation.startedAt(),
        AuditEntries.of(AuditEvent.BEGUN, rotation, whoBegan(rotation))
            .direction(Direction.FORWARD)
            .step(StepName.GENERATE_KEYS)
            .newKeys(null)
            .build());
  }

  private @Nullable String whoBegan(RotationStatus rotation) {
    if (rotation.trigger() == Trigger.SCHEDULE) {
      return whoSet.apply("schedule");
    }
    boolean unchanged = Objects.equals(rotation.request(), primary.getSpec().rotate().request());
    return unchanged ? whoSet.apply("request") : null;
  }

  private void underWay(RotationStatus rotation) {
    if (rotation.direction() == Direction.FORWARD) {
      steps(rotation, rotation.stepStartedAt(), true);
      failed(rotation);
    } else {
      steps(
          rotation.with().direction(Direction.FORWARD).step(rotation.reached()).build(),
          turned(rotation),
          false);
      back(rotation);
    }
  }

  private void back(RotationStatus rotation) {
    Failure cause = rotation.rollBackCause();
    boolean asked =
        cause != null && cause.reason().equals(ConditionReason.ROLL_BACK_REQUESTED.text());
    add(
        turned(rotation),
        AuditEntries.of(
                AuditEvent.ROLL_BACK_BEGUN, rotation, asked ? whoSet.apply("rollBack") : null)
            .step(sequence(rotation).stream().findFirst().orElse(rotation.step()))
            .reason(cause == null ? null : cause.reason())
            .message(cause == null ? null : cause.message())
            .build());
    steps(rotation, rotation.stepStartedAt(), true);
    failed(rotation);
  }

  private static String turned(RotationStatus rotation) {
    Failure cause = rotation.rollBackCause();
    return cause == null ? rotation.stepStartedAt() : cause.time();
  }

  /**
   * Every step up to the present one; all but that one have nearly always been told. The first one
   * begins with the rotation, or with its way back.
   */
  private void steps(RotationStatus rotation, String time, boolean present) {
    List<StepName> steps = sequence(rotation);
    for (int i = 1; i <= steps.indexOf(rotation.step()); i++) {
      boolean now = present && steps.get(i) == rotation.step();
      add(
          time,
          AuditEntries.of(AuditEvent.STEP_BEGUN, rotation.withStep(steps.get(i)), null)
              .message(now ? null : TOLD_LATE)
              .build());
    }
  }

  private List<StepName> sequence(RotationStatus rotation) {
    return StepSequence.of(rotation, primary.getSpec().database() != null);
  }

  private void failed(RotationStatus rotation) {
    Failure failure = rotation.lastFailure();
    if (failure != null) {
      add(
          failure.time(),
          AuditEntries.of(AuditEvent.ATTEMPT_FAILED, rotation, null)
              .step(failure.step())
              .reason(failure.reason())
              .message(failure.message())
              .build());
    }
  }

  private void atRest() {
    Optional<Condition> stalled = condition(ConditionType.STALLED, "True");
    stalled.ifPresent(
        condition ->
            add(
                condition.getLastTransitionTime(),
                AuditEntryBuilder.builder()
                    .event(
                        condition(ConditionType.PREFLIGHT_PASSED, "False")
                                .filter(c -> c.getReason().equals(condition.getReason()))
                                .isPresent()
                            ? AuditEvent.BLOCKED
                            : AuditEvent.HALTED)
                    .reason(condition.getReason())
                    .message(condition.getMessage())
                    .build()));
  }

  private Optional<Condition> condition(ConditionType type, String value) {
    return status.conditions().stream()
        .filter(c -> type.text().equals(c.getType()) && value.equals(c.getStatus()))
        .findFirst();
  }

  private void soak(SoakStatus soak) {
    soak.problems()
        .forEach(
            problem -> add(problem.firstSeen(), AuditEntries.soakProblem(soak, problem, null)));
    if (soak.result() == SoakResult.PASSED && soak.lastLookAt() != null) {
      add(soak.lastLookAt(), AuditEntries.soakPassed(soak, null));
    }
  }
}
