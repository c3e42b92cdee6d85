package dev.keyrotation.plan;

import static dev.keyrotation.api.v1alpha1.StepName.CLOSE_GRACE;
import static dev.keyrotation.api.v1alpha1.StepName.GENERATE_KEYS;
import static dev.keyrotation.api.v1alpha1.StepName.MARK_CONNECTIONS;
import static dev.keyrotation.api.v1alpha1.StepName.OPEN_GRACE;
import static dev.keyrotation.api.v1alpha1.StepName.PUBLISH_KEYS;
import static dev.keyrotation.api.v1alpha1.StepName.REENCRYPT_DATA;
import static dev.keyrotation.api.v1alpha1.StepName.RESTART_WORKLOADS;
import static dev.keyrotation.api.v1alpha1.StepName.STOP_WORKLOADS;
import static dev.keyrotation.api.v1alpha1.StepName.VERIFY;
import static org.assertj.core.api.Assertions.assertThat;

import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.api.v1alpha1.DatabaseSpec;
import dev.keyrotation.api.v1alpha1.Direction;
import dev.keyrotation.api.v1alpha1.Failure;
import dev.keyrotation.api.v1alpha1.Fencing;
import dev.keyrotation.api.v1alpha1.KeyFingerprints;
import dev.keyrotation.api.v1alpha1.KeyKind;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.KeyRotationSpecBuilder;
import dev.keyrotation.api.v1alpha1.KeyRotationStatus;
import dev.keyrotation.api.v1alpha1.RolloutMode;
import dev.keyrotation.api.v1alpha1.RotateSpec;
import dev.keyrotation.api.v1alpha1.RotateSpecBuilder;
import dev.keyrotation.api.v1alpha1.RotationResult;
import dev.keyrotation.api.v1alpha1.RotationStatus;
import dev.keyrotation.api.v1alpha1.RotationStatusBuilder;
import dev.keyrotation.api.v1alpha1.SecretRef;
import dev.keyrotation.api.v1alpha1.StepName;
import dev.keyrotation.api.v1alpha1.SystemdUnitTarget;
import dev.keyrotation.api.v1alpha1.Trigger;
import dev.keyrotation.api.v1alpha1.UrlSource;
import dev.keyrotation.api.v1alpha1.WorkloadSize;
import dev.keyrotation.api.v1alpha1.WorkloadSpec;
import dev.keyrotation.failure.Recovery;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class PlannerTest {
  private static final Instant NOW = Instant.parse("2026-06-01T12:00:00Z");
  private static final KeyFingerprints OLD = new KeyFingerprints("aaaa", "bbbb");
  private static final KeyFingerprints NEW = new KeyFingerprints("cccc", "dddd");
  private static final Duration PATIENT = Duration.ofMinutes(1);

  private final Planner planner = new Planner();

  // ---- resources and worlds -------------------------------------------------------------------

  private static KeyRotation resource(RotateSpec rotate, KeyRotationStatus status) {
    KeyRotation resource = new KeyRotation();
    resource.setMetadata(
        new ObjectMetaBuilder()
            .withName("litellm")
            .withNamespace("ai")
            .withGeneration(3L)
            .withCreationTimestamp("2026-01-01T00:00:00Z")
            .build());
    resource.setSpec(
        KeyRotationSpecBuilder.builder()
            .keys(List.of(KeyKind.MASTER, KeyKind.SALT))
            .secretRef(new SecretRef("litellm-keys", null, null, null))
            .database(DatabaseSpec.of(UrlSource.ofSecret("db", "url")))
            .workloads(List.of(WorkloadSpec.ofDeployment("litellm")))
            .rotate(rotate)
            .stepDeadline("10m")
            .stabilityPeriod("30s")
            .build());
    resource.setStatus(status);
    return resource;
  }

  private static RotateSpec request(String request) {
    return RotateSpecBuilder.builder().request(request).build();
  }

  private static PreflightReport report(Finding... findings) {
    return new PreflightReport(
        List.of(findings),
        List.of(),
        OLD,
        KeyKind.SALT,
        true,
        12,
        List.of(),
        2,
        3,
        "no fence",
        "1.108.4");
  }

  private static ObservedState world(PreflightReport report, Long... revisions) {
    return new ObservedState(null, report, null, List.of(), List.of(revisions), null);
  }

  private static ObservedState world(Evidence evidence) {
    return ObservedState.ofStep(evidence, List.of(new WorkloadSize("deployment/litellm", 2)));
  }

  private static KeyRotation at(StepName step, UnaryOperator<RotationStatusBuilder> more) {
    RotationStatus rotation =
        more.apply(
                RotationStatusBuilder.builder()
                    .id("litellm-r2")
                    .revision(2)
                    .fromRevision(1)
                    .direction(Direction.FORWARD)
                    .step(step)
                    .reached(step)
                    .keys(List.of(KeyKind.MASTER, KeyKind.SALT))
                    .mode(RolloutMode.DRAIN)
                    .reencrypts(true)
                    .trigger(Trigger.REQUEST)
                    .startedAt(NOW.minusSeconds(60).toString())
                    .stepStartedAt(NOW.minusSeconds(5).toString())
                    .oldKeys(OLD)
                    .newKeys(NEW))
            .build();
    return resource(request("first"), KeyRotationStatus.empty().withRotation(rotation));
  }

  private static KeyRotation at(StepName step) {
    return at(step, UnaryOperator.identity());
  }

  private static UnaryOperator<RotationStatusBuilder> begunAgo(Duration ago) {
    return rotation -> rotation.stepStartedAt(NOW.minus(ago).toString());
  }

  private static final Evidence ABSENT = new Evidence.Absent("not yet", null);
  private static final Evidence UNDERWAY = new Evidence.Underway("on its way", null);
  private static final Evidence UNKNOWN =
      new Evidence.Unknown(ConditionReason.DATABASE_UNAVAILABLE, "no answer");
  private static final Evidence REFUTED =
      new Evidence.Refuted(ConditionReason.VERIFICATION_FAILED, "wrong", PATIENT);

  // ---- what makes a rotation begin ------------------------------------------------------------

  @Test
  void newRequestWithCleanPreflightBegins() {
    Decision decision =
        planner.decide(resource(request("first"), KeyRotationStatus.empty()), world(report()), NOW);

    assertThat(decision)
        .isInstanceOfSatisfying(
            Decision.Start.class,
            start -> {
              assertThat(start.rotation().id()).isEqualTo("litellm-r2");
              assertThat(start.rotation().fromRevision()).isEqualTo(1);
              assertThat(start.rotation().step()).isEqualTo(GENERATE_KEYS);
              assertThat(start.rotation().mode()).isEqualTo(RolloutMode.DRAIN);
              assertThat(start.rotation().storedModels()).isEqualTo(3);
            });
  }

  @Test
  void revisionThatHasAKeySecretIsNotGivenOutAgainEvenWhenStatusIsLost() {
    Decision decision =
        planner.decide(
            resource(request("first"), KeyRotationStatus.empty()), world(report(), 1L, 7L), NOW);

    assertThat(((Decision.Start) decision).rotation().revision()).isEqualTo(9);
  }

  @Test
  void findingBlocksAndNothingBegins() {
    Finding finding = new Finding(ConditionReason.SECRET_NOT_FOUND, "no Secret");

    Decision decision =
        planner.decide(
            resource(request("first"), KeyRotationStatus.empty()), world(report(finding)), NOW);

    assertThat(decision).isInstanceOf(Decision.Blocked.class);
  }

  @Test
  void planOnlyEndsWithThePlan() {
    Decision decision =
        planner.decide(
            resource(
                RotateSpecBuilder.builder().request("first").planOnly(true).build(),
                KeyRotationStatus.empty()),
            world(report()),
            NOW);

    assertThat(decision).isInstanceOf(Decision.Planned.class);
  }

  @Test
  void scheduleThatWasMissedManyTimesIsPendingOnce() {
    KeyRotation resource =
        resource(
            RotateSpecBuilder.builder().schedule("0 3 * * *").build(), KeyRotationStatus.empty());

    assertThat(Triggers.pending(resource, NOW)).contains(Trigger.SCHEDULE);
    assertThat(Triggers.announced(resource, NOW).map(Triggers.Next::at))
        .contains(Instant.parse("2026-01-01T03:00:00Z"));
  }

  @Test
  void requestThatWasHandledIsNotPending() {
    KeyRotation resource =
        resource(request("first"), KeyRotationStatus.empty().withHandledRequest("first"));

    assertThat(Triggers.pending(resource, NOW)).isEmpty();
  }

  // ---- one step -------------------------------------------------------------------------------

  @Test
  void absentEffectIsMade() {
    Decision decision = planner.decide(at(PUBLISH_KEYS), world(ABSENT), NOW);

    assertThat(decision).isInstanceOf(Decision.Execute.class);
  }

  @Test
  void failedEffectIsNotMadeAgainBeforeItsTime() {
    Instant later = NOW.plusSeconds(20);

    Decision decision =
        planner.decide(
            at(PUBLISH_KEYS, r -> r.attempts(2).nextAttemptAt(later.toString())),
            world(ABSENT),
            NOW);

    assertThat(decision)
        .isInstanceOfSatisfying(Decision.Await.class, a -> assertThat(a.until()).isEqualTo(later));
  }

  @Test
  void presentEffectLeadsToTheNextStep() {
    Decision decision = planner.decide(at(PUBLISH_KEYS), world(Evidence.Present.PLAIN), NOW);

    assertThat(((Decision.Advance) decision).next().step()).isEqualTo(REENCRYPT_DATA);
  }

  @Test
  void sizesAreRecordedBeforeTheStop() {
    Decision decision = planner.decide(at(OPEN_GRACE), world(Evidence.Present.PLAIN), NOW);

    RotationStatus next = ((Decision.Advance) decision).next();
    assertThat(next.step()).isEqualTo(STOP_WORKLOADS);
    assertThat(next.sizes()).containsExactly(new WorkloadSize("deployment/litellm", 2));
    assertThat(next.stoppedAt()).isEqualTo(NOW.toString());
  }

  @Test
  void gapOfASingleUnitBeginsWithItsRestartAlsoWhenNoneIsStoppedBefore() {
    KeyRotation deployment = at(PUBLISH_KEYS, r -> r.mode(RolloutMode.ROLLING).reencrypts(false));
    KeyRotation unit = at(PUBLISH_KEYS, r -> r.mode(RolloutMode.ROLLING).reencrypts(false));
    unit.setSpec(
        unit.getSpec()
            .withWorkloads(
                List.of(WorkloadSpec.ofUnit(SystemdUnitTarget.local("a.service", "/a.env")))));

    Decision withDeployment = planner.decide(deployment, world(Evidence.Present.PLAIN), NOW);
    Decision withUnit = planner.decide(unit, world(Evidence.Present.PLAIN), NOW);

    assertThat(((Decision.Advance) withDeployment).next().stoppedAt()).isNull();
    assertThat(((Decision.Advance) withUnit).next().step()).isEqualTo(RESTART_WORKLOADS);
    assertThat(((Decision.Advance) withUnit).next().stoppedAt()).isEqualTo(NOW.toString());
  }

  @Test
  void gapBetweenStopAndStartIsCounted() {
    Decision decision =
        planner.decide(
            at(RESTART_WORKLOADS, r -> r.stoppedAt(NOW.minusSeconds(42).toString())),
            world(Evidence.Present.PLAIN),
            NOW);

    assertThat(((Decision.Advance) decision).next().unavailableSeconds()).isEqualTo(42);
  }

  @Test
  void verificationHasToHoldForTheStabilityPeriod() {
    Decision first = planner.decide(at(VERIFY), world(Evidence.Present.PLAIN), NOW);
    Decision held =
        planner.decide(
            at(VERIFY, r -> r.verifiedSince(NOW.minusSeconds(30).toString())),
            world(Evidence.Present.PLAIN),
            NOW);

    assertThat(((Decision.Await) first).rotation().verifiedSince()).isEqualTo(NOW.toString());
    assertThat(((Decision.Advance) held).next().step()).isEqualTo(CLOSE_GRACE);
  }

  @Test
  void verificationThatBreaksStartsAnew() {
    Decision decision =
        planner.decide(
            at(VERIFY, r -> r.verifiedSince(NOW.minusSeconds(29).toString())), world(UNKNOWN), NOW);

    assertThat(((Decision.Await) decision).rotation().verifiedSince()).isNull();
  }

  @Test
  void lastStepEndsTheRotation() {
    Decision decision = planner.decide(at(CLOSE_GRACE), world(Evidence.Present.PLAIN), NOW);

    assertThat(((Decision.Finish) decision).entry().result()).isEqualTo(RotationResult.SUCCEEDED);
  }

  // ---- what goes wrong ------------------------------------------------------------------------

  @Test
  void contradictionIsWaitedOutBeforeItIsBelieved() {
    Decision early = planner.decide(at(VERIFY), world(REFUTED), NOW);
    Decision late =
        planner.decide(at(VERIFY, begunAgo(PATIENT.plusSeconds(1))), world(REFUTED), NOW);

    assertThat(early).isInstanceOf(Decision.Await.class);
    assertThat(((Decision.TurnBack) late).rotation().rollBackCause().reason())
        .isEqualTo("VerificationFailed");
  }

  @Test
  void stepThatTakesTooLongIsTurnedBack() {
    Decision decision =
        planner.decide(
            at(RESTART_WORKLOADS, begunAgo(Duration.ofMinutes(11))), world(UNDERWAY), NOW);

    RotationStatus back = ((Decision.TurnBack) decision).rotation();
    assertThat(back.direction()).isEqualTo(Direction.ROLL_BACK);
    assertThat(back.step()).isEqualTo(STOP_WORKLOADS);
    assertThat(back.stoppedAt()).isNotNull();
  }

  @ParameterizedTest
  @EnumSource(
      value = StepName.class,
      names = {"PREFLIGHT"},
      mode = EnumSource.Mode.EXCLUDE)
  void whatCannotBeKnownNeverRollsBack(StepName step) {
    Decision decision = planner.decide(at(step, begunAgo(Duration.ofDays(2))), world(UNKNOWN), NOW);

    assertThat(decision)
        .isInstanceOfSatisfying(
            Decision.Await.class,
            await -> {
              assertThat(await.rotation().direction()).isEqualTo(Direction.FORWARD);
              assertThat(await.rotation().stalled().reason()).isEqualTo("DatabaseUnavailable");
            });
  }

  @Test
  void wayBackThatTakesTooLongStallsAndGoesOnTrying() {
    UnaryOperator<RotationStatusBuilder> back =
        r ->
            begunAgo(Duration.ofDays(2))
                .apply(r)
                .direction(Direction.ROLL_BACK)
                .reached(RESTART_WORKLOADS);

    Decision waits = planner.decide(at(RESTART_WORKLOADS, back), world(UNDERWAY), NOW);
    Decision acts = planner.decide(at(PUBLISH_KEYS, back), world(ABSENT), NOW);

    assertThat(((Decision.Await) waits).rotation().stalled()).isNotNull();
    assertThat(acts).isInstanceOf(Decision.Execute.class);
  }

  @Test
  void failureBeforeAnythingWasPublishedIsAbandoned() {
    KeyRotation resource = at(GENERATE_KEYS);
    RotationStatus back =
        FailurePolicy.afterFailure(
            resource,
            Statuses.of(resource).rotation(),
            new StepOutcome.Failed(
                ConditionReason.SECRET_CHANGED_BY_OTHER, "changed", Recovery.ROLL_BACK),
            NOW);

    Decision decision =
        planner.decide(
            resource(request("first"), KeyRotationStatus.empty().withRotation(back)),
            world(ABSENT),
            NOW);

    assertThat(((Decision.Finish) decision).entry().result()).isEqualTo(RotationResult.ABANDONED);
  }

  @Test
  void failedAttemptsAreSpacedOutUpToAMinute() {
    assertThat(List.of(1, 2, 3, 4, 5, 50).stream().map(FailurePolicy::backoff))
        .containsExactly(
            Duration.ofSeconds(5),
            Duration.ofSeconds(10),
            Duration.ofSeconds(20),
            Duration.ofSeconds(40),
            Duration.ofSeconds(60),
            Duration.ofSeconds(60));
  }

  // ---- sequences ------------------------------------------------------------------------------

  @Test
  void rollingRotationOfTheMasterKeyNeverStopsAnything() {
    assertThat(StepSequence.forward(RolloutMode.ROLLING, true, false, true, true))
        .containsExactly(
            GENERATE_KEYS, OPEN_GRACE, PUBLISH_KEYS, RESTART_WORKLOADS, VERIFY, CLOSE_GRACE);
  }

  @Test
  void keysArePublishedBeforeTheDataChanges() {
    assertThat(StepSequence.forward(RolloutMode.DRAIN, true, true, false, true))
        .containsExactly(
            GENERATE_KEYS, STOP_WORKLOADS, PUBLISH_KEYS, REENCRYPT_DATA, RESTART_WORKLOADS, VERIFY);
  }

  @Test
  void marksAreWrittenAfterTheKeysAndBeforeTheFenceThatAsksForThem() {
    assertThat(StepSequence.forward(RolloutMode.FENCED, true, false, false, true))
        .containsExactly(
            GENERATE_KEYS,
            PUBLISH_KEYS,
            MARK_CONNECTIONS,
            REENCRYPT_DATA,
            RESTART_WORKLOADS,
            VERIFY);
  }

  @ParameterizedTest
  @CsvSource({"REENCRYPT_DATA, true", "MARK_CONNECTIONS, true", "PUBLISH_KEYS, false"})
  void theMarkIsTakenBackWhenItMayHaveBeenWritten(StepName reached, boolean takenBack) {
    KeyRotation resource = at(reached, r -> r.mode(RolloutMode.FENCED).fencing(Fencing.MARKS));
    RotationStatus rotation = resource.getStatus().rotation();
    Failure cause = FailurePolicy.failure(rotation, ConditionReason.INVALID_SPEC, "x", NOW);

    RotationStatus back = FailurePolicy.turnBack(resource, rotation, cause, NOW);

    assertThat(StepSequence.of(back, true).contains(MARK_CONNECTIONS)).isEqualTo(takenBack);
    assertThat(back.fencing()).isEqualTo(Fencing.MARKS);
    assertThat(back.connectionMark())
        .startsWith("keyrotation-r2-back-")
        .isNotEqualTo(rotation.connectionMark());
  }

  @Test
  void rotationThatComesAgainUnderTheSameNameHasAnotherMark() {
    RotationStatus rotation = at(REENCRYPT_DATA).getStatus().rotation();
    RotationStatus again = rotation.withNewKeys(new KeyFingerprints("other", "other"));

    assertThat(rotation.connectionMark())
        .matches("keyrotation-r2-[0-9a-f]{8}")
        .isNotEqualTo(again.connectionMark());
  }
}
