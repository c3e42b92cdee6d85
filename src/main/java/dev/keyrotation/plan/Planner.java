package dev.keyrotation.plan;

import dev.keyrotation.api.v1alpha1.ActiveKeys;
import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.api.v1alpha1.CopyCounts;
import dev.keyrotation.api.v1alpha1.DataCounts;
import dev.keyrotation.api.v1alpha1.Direction;
import dev.keyrotation.api.v1alpha1.Failure;
import dev.keyrotation.api.v1alpha1.HistoryEntry;
import dev.keyrotation.api.v1alpha1.KeyFingerprints;
import dev.keyrotation.api.v1alpha1.KeyKind;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.KeyRotationSpec;
import dev.keyrotation.api.v1alpha1.KeyRotationStatus;
import dev.keyrotation.api.v1alpha1.RolloutMode;
import dev.keyrotation.api.v1alpha1.RotationDuration;
import dev.keyrotation.api.v1alpha1.RotationResult;
import dev.keyrotation.api.v1alpha1.RotationStatus;
import dev.keyrotation.api.v1alpha1.RotationStatusBuilder;
import dev.keyrotation.api.v1alpha1.SecretRef;
import dev.keyrotation.api.v1alpha1.StepName;
import dev.keyrotation.api.v1alpha1.Strategy;
import dev.keyrotation.api.v1alpha1.Trigger;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Decides one turn. Pure: the same resource, world and time give the same decision. */
public final class Planner {

  /** What to do now. */
  public Decision decide(KeyRotation primary, ObservedState observed, Instant now) {
    RotationStatus rotation = Statuses.of(primary).rotation();
    return rotation == null
        ? decideIdle(primary, observed, now)
        : decideStep(primary, rotation, observed, now);
  }

  // ---- no rotation under way ------------------------------------------------------------------

  private static Decision decideIdle(KeyRotation primary, ObservedState observed, Instant now) {
    if (observed.remains() != null) {
      return Reconstruction.decide(primary, observed.remains(), now);
    }
    Optional<RotationStatus> back = RollBackRequest.begin(primary, observed, now);
    if (back.isPresent()) {
      return new Decision.TurnBack(
          back.get(), ConditionReason.ROLL_BACK_REQUESTED, RollBackRequest.SENTENCE);
    }
    if (!observed.leftOverFences().isEmpty()) {
      return new Decision.Tidy(observed.leftOverFences()); // it holds instances off for nothing
    }
    PreflightReport report = observed.preflight();
    if (report == null) {
      return dueForRetirement(primary, now)
          .<Decision>map(
              // Written first: a roll back that begins now must not lose its keys.
              entry ->
                  entry.retiringSince() == null
                      ? new Decision.Condemn(entry)
                      : new Decision.Retire(entry))
          .orElseGet(Decision.Idle::new);
    }
    if (!report.isClean()) {
      return new Decision.Blocked(report);
    }
    Optional<Trigger> trigger = Triggers.pending(primary, now);
    if (trigger.isEmpty() || primary.getSpec().rotate().planOnly()) {
      return new Decision.Planned(report);
    }
    return new Decision.Start(begin(primary, report, trigger.get(), observed, now), report);
  }

  private static RotationStatus begin(
      KeyRotation primary,
      PreflightReport report,
      Trigger trigger,
      ObservedState observed,
      Instant now) {
    KeyRotationSpec spec = primary.getSpec();
    KeyRotationStatus status = Statuses.of(primary);
    KeyFingerprints current = Objects.requireNonNull(report.currentKeys(), "clean preflight");
    long last = Math.max(status.lastRevision(), highest(observed));
    ActiveKeys active = status.activeKeys();
    // Keys that no revision stands for (the first rotation, or a change by hand) are given one, so
    // that they are kept.
    long from =
        active != null && active.fingerprints().equals(current) ? active.revision() : last + 1;
    long revision = Math.max(last, from) + 1;
    RolloutMode mode = mode(spec, report);
    return RotationStatusBuilder.builder()
        .id(primary.getMetadata().getName() + "-r" + revision)
        .revision(revision)
        .fromRevision(from)
        .direction(Direction.FORWARD)
        .step(StepName.GENERATE_KEYS)
        .reached(StepName.GENERATE_KEYS)
        .keys(spec.keys())
        .mode(mode)
        .fencing(mode == RolloutMode.FENCED ? report.fencing() : null)
        .reencrypts(reencrypts(spec, report))
        .trigger(trigger)
        .request(trigger == Trigger.REQUEST ? spec.rotate().request() : null)
        .reason(Triggers.reason(primary, trigger))
        .startedAt(FailurePolicy.text(now))
        .stepStartedAt(FailurePolicy.text(now))
        .oldKeys(current)
        .storedModels(report.storedModels())
        .data(DataCounts.NONE)
        .copies(copies(spec))
        .build();
  }

  /** The copies of the master key that a rotation has to change; null when there are none. */
  public static @Nullable CopyCounts copies(KeyRotationSpec spec) {
    SecretRef ref = spec.secretRef();
    return ref == null || ref.copies().isEmpty() || !spec.rotates(KeyKind.MASTER)
        ? null
        : CopyCounts.of(ref.copies().size());
  }

  private static long highest(ObservedState observed) {
    return observed.keyRevisions().isEmpty() ? 0 : observed.keyRevisions().getLast();
  }

  /**
   * Whether stored values have to change: they are under a key that is replaced, or a salt key is
   * introduced.
   */
  public static boolean reencrypts(KeyRotationSpec spec, PreflightReport report) {
    return report.hasDatabase()
        && (spec.rotates(KeyKind.SALT) || report.encryptionKey() == KeyKind.MASTER);
  }

  /** How instances are restarted. */
  public static RolloutMode mode(KeyRotationSpec spec, PreflightReport report) {
    if (!reencrypts(spec, report)) {
      return RolloutMode.ROLLING;
    }
    return spec.strategy() != Strategy.DRAIN && report.noFence() == null
        ? RolloutMode.FENCED
        : RolloutMode.DRAIN;
  }

  private static Optional<HistoryEntry> dueForRetirement(KeyRotation primary, Instant now) {
    Duration keep = RotationDuration.parse(primary.getSpec().retention().previousKeys());
    ActiveKeys active = Statuses.of(primary).activeKeys();
    return Statuses.of(primary).history().stream()
        .filter(entry -> entry.retiredAt() == null)
        // A rotation that was rolled back later left the keys in use that it had retired.
        .filter(entry -> active == null || entry.retiredRevision() != active.revision())
        .filter(entry -> now.isAfter(Instant.parse(entry.completedAt()).plus(keep)))
        .findFirst();
  }

  // ---- a rotation under way -------------------------------------------------------------------

  private static Decision decideStep(
      KeyRotation primary, RotationStatus rotation, ObservedState observed, Instant now) {
    if (isAbandoned(rotation)) {
      return finish(rotation, now);
    }
    if (RollBackRequest.means(primary, rotation)) {
      return turnBack(
          primary,
          rotation,
          new Finding(ConditionReason.ROLL_BACK_REQUESTED, RollBackRequest.SENTENCE),
          now);
    }
    boolean overdue = FailurePolicy.overdue(primary, rotation, now);
    return switch (Objects.requireNonNull(observed.evidence(), "evidence of the present step")) {
      case Evidence.Present present -> stepDone(primary, rotation, present, observed, now);
      case Evidence.Absent absent -> {
        if (overdue && FailurePolicy.mayTurnBack(rotation)) {
          yield turnBack(primary, rotation, deadline(absent.message()), now);
        }
        Instant next = nextAttempt(rotation);
        yield next != null && now.isBefore(next)
            ? new Decision.Await(unverified(rotation), absent.message(), next)
            : new Decision.Execute(unverified(rotation).withProgress(absent.progress()));
      }
      case Evidence.Upkeep upkeep -> {
        Instant next = nextAttempt(rotation);
        yield next != null && now.isBefore(next)
            ? new Decision.Await(unverified(rotation), upkeep.message(), next)
            : new Decision.Execute(unverified(rotation));
      }
      case Evidence.Underway underway ->
          overdue
              ? outOfTime(primary, rotation, deadline(underway.message()), now)
              : new Decision.Await(
                  unverified(rotation).withProgress(underway.progress()), underway.message(), null);
      case Evidence.Refuted refuted ->
          now.isAfter(Instant.parse(rotation.stepStartedAt()).plus(refuted.patience()))
              ? outOfTime(primary, rotation, new Finding(refuted.reason(), refuted.message()), now)
              : new Decision.Await(unverified(rotation), refuted.message(), null);
      case Evidence.Unknown unknown -> {
        RotationStatus waiting = unverified(rotation);
        yield new Decision.Await(
            overdue
                ? stall(waiting, new Finding(unknown.reason(), unknown.message()), now)
                : waiting,
            unknown.message(),
            null);
      }
    };
  }

  /** Turned back before anything but our own key Secrets was touched: there is no step to take. */
  private static boolean isAbandoned(RotationStatus rotation) {
    return rotation.direction() == Direction.ROLL_BACK
        && StepSequence.rollBack(rotation, true).isEmpty();
  }

  private static @Nullable Instant nextAttempt(RotationStatus rotation) {
    String text = rotation.nextAttemptAt();
    return text == null ? null : Instant.parse(text);
  }

  private static RotationStatus unverified(RotationStatus rotation) {
    return rotation.withVerifiedSince(null);
  }

  private static Finding deadline(String message) {
    return new Finding(
        ConditionReason.STEP_DEADLINE_EXCEEDED, "spec.stepDeadline has passed. " + message);
  }

  private static Decision outOfTime(
      KeyRotation primary, RotationStatus rotation, Finding why, Instant now) {
    return FailurePolicy.mayTurnBack(rotation)
        ? turnBack(primary, rotation, why, now)
        : new Decision.Await(stall(unverified(rotation), why, now), why.message(), null);
  }

  private static Decision turnBack(
      KeyRotation primary, RotationStatus rotation, Finding why, Instant now) {
    Failure cause = FailurePolicy.failure(rotation, why.reason(), why.message(), now);
    return new Decision.TurnBack(
        FailurePolicy.turnBack(primary, rotation, cause, now), why.reason(), why.message());
  }

  private static RotationStatus stall(RotationStatus rotation, Finding why, Instant now) {
    Failure known = rotation.stalled();
    return known != null && known.reason().equals(why.reason().text())
        ? rotation
        : rotation.withStalled(FailurePolicy.failure(rotation, why.reason(), why.message(), now));
  }

  private static Decision stepDone(
      KeyRotation primary,
      RotationStatus rotation,
      Evidence.Present present,
      ObservedState observed,
      Instant now) {
    if (rotation.step() == StepName.VERIFY) {
      String since = rotation.verifiedSince();
      Instant from = since == null ? now : Instant.parse(since);
      Instant stable = from.plus(RotationDuration.parse(primary.getSpec().stabilityPeriod()));
      if (now.isBefore(stable)) {
        return new Decision.Await(
            rotation.with().verifiedSince(FailurePolicy.text(from)).stalled(null).build(),
            "verified; it has to hold until " + FailurePolicy.text(stable),
            stable);
      }
    }
    RotationStatus done = withFacts(rotation, present, now);
    return StepSequence.after(done, primary.getSpec().database() != null)
        .<Decision>map(next -> new Decision.Advance(begin(primary, done, next, observed, now)))
        .orElseGet(() -> finish(done, now));
  }

  private static RotationStatus withFacts(
      RotationStatus rotation, Evidence.Present present, Instant now) {
    RotationStatus done = rotation.with().progress(null).stalled(null).build();
    if (present.newKeys() != null) {
      done = done.withNewKeys(present.newKeys());
    }
    if (present.data() != null) {
      done = done.withData(present.data());
    }
    if (present.compromise() != null) {
      done = done.withCompromise(present.compromise());
    }
    if (present.copies() != null) {
      done = done.withCopies(present.copies());
    }
    String stoppedAt = done.stoppedAt();
    if (done.step() == StepName.RESTART_WORKLOADS && stoppedAt != null) {
      long gap = Duration.between(Instant.parse(stoppedAt), now).toSeconds();
      done =
          done.with().unavailableSeconds(done.unavailableSeconds() + gap).stoppedAt(null).build();
    }
    return done;
  }

  private static RotationStatus begin(
      KeyRotation primary,
      RotationStatus rotation,
      StepName step,
      ObservedState observed,
      Instant now) {
    String time = FailurePolicy.text(now);
    RotationStatus next =
        rotation
            .with()
            .step(step)
            .stepStartedAt(time)
            .attempts(0)
            .nextAttemptAt(null)
            .lastFailure(null)
            .verifiedSince(null)
            .build();
    boolean forward = rotation.direction() == Direction.FORWARD;
    if (forward && step.compareTo(rotation.reached()) > 0) {
      next = next.withReached(step);
    }
    if (step == StepName.STOP_WORKLOADS) {
      // Recorded before the stop: afterwards nobody could tell how large they were.
      next = next.with().stoppedAt(time).sizes(observed.sizes()).build();
    }
    if (step == StepName.RESTART_WORKLOADS
        && next.stoppedAt() == null
        && isSingleUnit(primary.getSpec())) {
      next = next.withStoppedAt(time);
    }
    return next;
  }

  /**
   * A single unit stops before it starts: there is nobody to serve meanwhile, whatever the mode.
   */
  private static boolean isSingleUnit(KeyRotationSpec spec) {
    return spec.workloads().size() == 1 && spec.units().size() == 1;
  }

  private static Decision finish(RotationStatus rotation, Instant now) {
    return new Decision.Finish(
        rotation,
        new HistoryEntry(
            rotation.id(),
            rotation.revision(),
            rotation.fromRevision(),
            result(rotation),
            rotation.keys(),
            rotation.trigger(),
            rotation.request(),
            rotation.reason(),
            rotation.oldKeys(),
            rotation.mode(),
            rotation.fencing(),
            rotation.startedAt(),
            FailurePolicy.text(now),
            rotation.unavailableSeconds(),
            rotation.data(),
            rotation.rollBackCause(),
            rotation.compromise(),
            rotation.copies(),
            null,
            null));
  }

  private static RotationResult result(RotationStatus rotation) {
    if (rotation.direction() == Direction.FORWARD) {
      return RotationResult.SUCCEEDED;
    }
    return rotation.reached().compareTo(StepName.OPEN_GRACE) <= 0
        ? RotationResult.ABANDONED
        : RotationResult.ROLLED_BACK;
  }
}
