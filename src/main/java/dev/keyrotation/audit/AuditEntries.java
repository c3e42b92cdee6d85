package dev.keyrotation.audit;

import dev.keyrotation.api.v1alpha1.Failure;
import dev.keyrotation.api.v1alpha1.HistoryEntry;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.KeyRotationStatus;
import dev.keyrotation.api.v1alpha1.RotationStatus;
import dev.keyrotation.api.v1alpha1.SoakProblem;
import dev.keyrotation.api.v1alpha1.SoakStatus;
import dev.keyrotation.engine.News;
import dev.keyrotation.engine.SoakNews;
import dev.keyrotation.engine.Turn;
import dev.keyrotation.plan.Decision;
import dev.keyrotation.plan.StepOutcome;
import dev.keyrotation.status.SoakWords;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Makes the audit's entry of a turn. */
public final class AuditEntries {
  private AuditEntries() {}

  /**
   * The entries of a turn's edges; none while nothing changes.
   *
   * @param actor who made it happen; null when it is not known
   */
  public static List<AuditEntry> of(KeyRotation primary, Turn.Taken taken, @Nullable String actor) {
    List<AuditEntry> entries = new ArrayList<>(ofSoak(primary, taken.status(), actor));
    News.of(primary, taken).flatMap(news -> entry(taken, news, actor)).ifPresent(entries::add);
    return List.copyOf(entries);
  }

  private static List<AuditEntry> ofSoak(
      KeyRotation primary, KeyRotationStatus status, @Nullable String actor) {
    SoakStatus soak = status.soak();
    if (soak == null) {
      return List.of();
    }
    return SoakNews.hasPassed(primary, status)
        ? List.of(soakPassed(soak, actor))
        : SoakNews.problems(primary, status).stream()
            .map(problem -> soakProblem(soak, problem, actor))
            .toList();
  }

  static AuditEntry soakPassed(SoakStatus soak, @Nullable String actor) {
    return AuditEntryBuilder.builder()
        .event(AuditEvent.SOAK_PASSED)
        .rotation(soak.rotation())
        .actor(actor)
        .message(SoakWords.sentence(soak))
        .build();
  }

  static AuditEntry soakProblem(SoakStatus soak, SoakProblem problem, @Nullable String actor) {
    return AuditEntryBuilder.builder()
        .event(AuditEvent.SOAK_PROBLEM)
        .rotation(soak.rotation())
        .actor(actor)
        .reason(problem.reason())
        .message(problem.message())
        .build();
  }

  private static Optional<AuditEntry> entry(Turn.Taken taken, News news, @Nullable String actor) {
    return switch (taken.decision()) {
      case Decision.Start start ->
          Optional.of(
              of(AuditEvent.BEGUN, start.rotation(), actor).message(news.message()).build());
      case Decision.Advance advance ->
          Optional.of(of(AuditEvent.STEP_BEGUN, advance.next(), actor).build());
      case Decision.TurnBack back ->
          Optional.of(
              of(AuditEvent.ROLL_BACK_BEGUN, back.rotation(), actor)
                  .reason(back.reason().text())
                  .message(back.message())
                  .build());
      case Decision.Execute execute ->
          taken.outcome() instanceof StepOutcome.Failed failed
              ? Optional.of(
                  of(AuditEvent.ATTEMPT_FAILED, execute.rotation(), actor)
                      .reason(failed.reason().text())
                      .message(failed.message())
                      .build())
              : Optional.empty();
      case Decision.Finish finish -> Optional.of(ended(finish.rotation(), finish.entry(), actor));
      case Decision.Resume resume ->
          Optional.of(of(AuditEvent.STATUS_REBUILT, resume.rotation(), actor).build());
      case Decision.Retire retire ->
          Optional.of(plain(AuditEvent.RETIRED, retire.entry().id(), news, actor));
      case Decision.Blocked blocked -> Optional.of(plain(AuditEvent.BLOCKED, null, news, actor));
      case Decision.Halt halt -> Optional.of(plain(AuditEvent.HALTED, null, news, actor));
      default -> Optional.empty();
    };
  }

  /** That the status was lost and {@code taken} made it anew; empty when it did not. */
  public static Optional<AuditEntry> rebuilt(Turn.Taken taken) {
    return taken.decision() instanceof Decision.Resume resume
        ? Optional.of(of(AuditEvent.STATUS_REBUILT, resume.rotation(), null).build())
        : Optional.empty();
  }

  static AuditEntryBuilder of(AuditEvent event, RotationStatus rotation, @Nullable String actor) {
    return AuditEntryBuilder.builder()
        .event(event)
        .rotation(rotation.id())
        .actor(actor)
        .trigger(rotation.trigger())
        .request(rotation.request())
        .rotationReason(rotation.reason())
        .direction(rotation.direction())
        .step(rotation.step())
        .keys(rotation.keys())
        .mode(rotation.mode())
        .oldKeys(rotation.oldKeys())
        .newKeys(rotation.newKeys());
  }

  private static AuditEntry ended(
      RotationStatus rotation, HistoryEntry entry, @Nullable String actor) {
    AuditEntryBuilder ended =
        of(AuditEvent.ENDED, rotation, actor)
            .data(entry.data())
            .unavailableSeconds(entry.unavailableSeconds())
            .result(entry.result());
    Failure failure = entry.failure();
    return failure == null
        ? ended.build()
        : ended.reason(failure.reason()).message(failure.message()).build();
  }

  private static AuditEntry plain(
      AuditEvent event, @Nullable String rotation, News news, @Nullable String actor) {
    return AuditEntryBuilder.builder()
        .event(event)
        .rotation(rotation)
        .actor(actor)
        .reason(news.reason().text())
        .message(news.message())
        .build();
  }
}
