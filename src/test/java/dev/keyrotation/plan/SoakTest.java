package dev.keyrotation.plan;

import static org.assertj.core.api.Assertions.assertThat;

import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.api.v1alpha1.DataCounts;
import dev.keyrotation.api.v1alpha1.HistoryEntry;
import dev.keyrotation.api.v1alpha1.HistoryEntryBuilder;
import dev.keyrotation.api.v1alpha1.KeyFingerprints;
import dev.keyrotation.api.v1alpha1.KeyKind;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.KeyRotationSpecBuilder;
import dev.keyrotation.api.v1alpha1.KeyRotationStatus;
import dev.keyrotation.api.v1alpha1.RotationResult;
import dev.keyrotation.api.v1alpha1.RotationStatus;
import dev.keyrotation.api.v1alpha1.RotationStatusBuilder;
import dev.keyrotation.api.v1alpha1.SecretRef;
import dev.keyrotation.api.v1alpha1.SoakProblem;
import dev.keyrotation.api.v1alpha1.SoakResult;
import dev.keyrotation.api.v1alpha1.SoakStatus;
import dev.keyrotation.api.v1alpha1.StepName;
import dev.keyrotation.api.v1alpha1.Trigger;
import dev.keyrotation.api.v1alpha1.WorkloadSpec;
import dev.keyrotation.plan.SoakLook.Kind;
import dev.keyrotation.plan.SoakLook.Sighting;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** When a look is due and what comes of it. */
class SoakTest {
  private static final Instant END = Instant.parse("2026-11-25T03:00:00Z");
  private static final SoakLook CLEAN = new SoakLook(List.of(), 0, null);
  private static final SoakLook UNCLEAR = new SoakLook(List.of(), 0, "pod-1: no connection");

  private static KeyRotation resource(String period, @Nullable SoakStatus soak) {
    KeyRotation resource = new KeyRotation();
    resource.getMetadata().setName("litellm");
    resource.setSpec(
        KeyRotationSpecBuilder.builder()
            .keys(List.of(KeyKind.MASTER))
            .secretRef(new SecretRef("litellm-keys", null, null, null))
            .workloads(List.of(WorkloadSpec.ofDeployment("litellm")))
            .soakPeriod(period)
            .build());
    resource.setStatus(KeyRotationStatus.empty().withSoak(soak));
    return resource;
  }

  private static Decision.Finish finish(RotationResult result) {
    HistoryEntry entry =
        HistoryEntryBuilder.builder()
            .id("litellm-r2")
            .result(result)
            .keys(List.of(KeyKind.MASTER))
            .trigger(Trigger.REQUEST)
            .oldKeys(new KeyFingerprints("a", null))
            .startedAt(END.toString())
            .completedAt(END.toString())
            .data(DataCounts.NONE)
            .build();
    return new Decision.Finish(rotation(), entry);
  }

  private static RotationStatus rotation() {
    return RotationStatusBuilder.builder().id("litellm-r3").step(StepName.GENERATE_KEYS).build();
  }

  private static @Nullable SoakStatus begun(String period) {
    return Soak.next(
        resource(period, null),
        KeyRotationStatus.empty(),
        finish(RotationResult.SUCCEEDED),
        null,
        END);
  }

  private static @Nullable SoakStatus next(
      String period, @Nullable SoakStatus soak, @Nullable SoakLook look, Duration after) {
    return Soak.next(
        resource(period, soak),
        KeyRotationStatus.empty(),
        new Decision.Idle(),
        look,
        END.plus(after));
  }

  private static SoakLook found(ConditionReason reason, long count, Kind kind) {
    return new SoakLook(List.of(new Sighting(reason, count, kind, "what")), 1, null);
  }

  private static Duration minutes(long minutes) {
    return Duration.ofMinutes(minutes);
  }

  @ParameterizedTest
  @EnumSource
  void onlyASuccessIsWatched(RotationResult result) {
    SoakStatus soak =
        Soak.next(resource("24h", null), KeyRotationStatus.empty(), finish(result), null, END);

    assertThat(soak != null).isEqualTo(result == RotationResult.SUCCEEDED);
  }

  @Test
  void zeroSwitchesItOffAndEndsOneUnderWay() {
    assertThat(begun("0")).isNull();
    assertThat(next("0", begun("24h"), null, minutes(5))).isNull();
  }

  @ParameterizedTest
  @CsvSource({
    "0, false",
    "59, false",
    "60, true",
    "86400, true",
    "100000, true",
  })
  void theFirstLookIsDueAMinuteAfterTheRotation(long seconds, boolean due) {
    assertThat(Soak.isLookDue(resource("24h", begun("24h")), END.plusSeconds(seconds)))
        .isEqualTo(due);
  }

  @Test
  void looksComeLessAndLessOftenUpToAQuarterOfAnHour() {
    SoakStatus soak = begun("2h");
    List<Long> gaps = new ArrayList<>();
    Instant last = END;
    while (soak != null && soak.nextLookAt() != null) {
      Instant at = Instant.parse(soak.nextLookAt());
      gaps.add(Duration.between(last, at).toMinutes());
      last = at;
      soak = next("2h", soak, CLEAN, Duration.between(END, at));
    }

    assertThat(gaps).containsExactly(1L, 2L, 4L, 8L, 15L, 15L, 15L, 15L, 15L, 15L, 15L);
    assertThat(gaps.stream().mapToLong(Long::longValue).sum()).isEqualTo(120);
    assertThat(soak)
        .satisfies(
            ended -> {
              assertThat(ended.result()).isEqualTo(SoakResult.PASSED);
              assertThat(ended.underWay()).isFalse();
            });
  }

  @Test
  void aShortSoakLooksAtItsEnd() {
    SoakStatus soak = next("10s", begun("10s"), CLEAN, Duration.ofSeconds(10));

    assertThat(soak.result()).isEqualTo(SoakResult.PASSED);
  }

  @Test
  void anAnswerCountsWhenTheNextLookGetsItToo() {
    SoakLook look = found(ConditionReason.OLD_KEY_STILL_ACCEPTED, 2, Kind.ANSWER);

    SoakStatus once = next("24h", begun("24h"), look, minutes(1));
    SoakStatus twice = next("24h", once, look, minutes(4));

    assertThat(once.result()).isEqualTo(SoakResult.WATCHING);
    assertThat(once.suspects()).containsExactly("OldKeyStillAccepted");
    assertThat(once.nextLookAt()).isEqualTo(END.plus(minutes(4)).toString());
    assertThat(twice.result()).isEqualTo(SoakResult.PROBLEMS);
    assertThat(twice.problems())
        .containsExactly(
            new SoakProblem(
                "OldKeyStillAccepted",
                2,
                "what",
                END.plus(minutes(4)).toString(),
                END.plus(minutes(4)).toString()));
  }

  @Test
  void anAnswerThatDoesNotComeAgainIsForgotten() {
    SoakStatus once =
        next(
            "24h",
            begun("24h"),
            found(ConditionReason.VERIFICATION_FAILED, 1, Kind.ANSWER),
            minutes(1));

    SoakStatus then = next("24h", once, CLEAN, minutes(4));

    assertThat(then.suspects()).isEmpty();
    assertThat(then.result()).isEqualTo(SoakResult.WATCHING);
  }

  @Test
  void whatOnlyTheLastLookFindsIsLookedAtOnceMore() {
    SoakLook look = found(ConditionReason.VERIFICATION_FAILED, 1, Kind.ANSWER);

    SoakStatus last = next("1m", begun("1m"), look, minutes(1));
    SoakStatus confirmed = next("1m", last, look, minutes(4));

    assertThat(last.underWay()).isTrue();
    assertThat(Soak.isLookDue(resource("1m", last), END.plus(minutes(3)))).isFalse();
    assertThat(confirmed.result()).isEqualTo(SoakResult.PROBLEMS);
    assertThat(confirmed.underWay()).isFalse();
  }

  @Test
  void linesAddUpAndStoredValuesDoNot() {
    SoakLook both =
        new SoakLook(
            List.of(
                new Sighting(ConditionReason.DECRYPTION_ERRORS_LOGGED, 3, Kind.LINES, "lines"),
                new Sighting(ConditionReason.VALUES_UNDER_OLD_KEY, 5, Kind.STORED, "values")),
            4,
            null);

    SoakStatus soak = next("24h", next("24h", begun("24h"), both, minutes(1)), both, minutes(3));

    assertThat(soak.problems())
        .extracting(SoakProblem::reason, SoakProblem::count)
        .containsExactly(
            org.assertj.core.groups.Tuple.tuple("DecryptionErrorsLogged", 6L),
            org.assertj.core.groups.Tuple.tuple("ValuesUnderOldKey", 5L));
    assertThat(soak.refusals()).isEqualTo(8);
  }

  @Test
  void aProblemStaysAlsoWhenItGoesAwayAndLooksGoOn() {
    SoakStatus soak =
        next(
            "24h",
            begun("24h"),
            found(ConditionReason.DECRYPTION_ERRORS_LOGGED, 1, Kind.LINES),
            minutes(1));

    SoakStatus then = next("24h", soak, CLEAN, minutes(3));
    SoakStatus over = next("24h", then, CLEAN, Duration.ofHours(24));

    assertThat(then.result()).isEqualTo(SoakResult.PROBLEMS);
    assertThat(then.underWay()).isTrue();
    assertThat(over.result()).isEqualTo(SoakResult.PROBLEMS);
    assertThat(over.underWay()).isFalse();
  }

  @Test
  void whatCouldNeverBeAskedHasNotPassed() {
    SoakStatus never = next("1m", begun("1m"), UNCLEAR, minutes(1));
    SoakStatus once = next("2m", next("2m", begun("2m"), CLEAN, minutes(1)), UNCLEAR, minutes(2));

    assertThat(never.result()).isEqualTo(SoakResult.UNKNOWN);
    assertThat(never.unclear()).isEqualTo("pod-1: no connection");
    assertThat(once.result()).isEqualTo(SoakResult.PASSED);
    assertThat(once.unclearLooks()).isEqualTo(1);
  }

  @Test
  void itEndsWhenTheNextRotationBegins() {
    KeyRotationStatus rotating = KeyRotationStatus.empty().withRotation(rotation());

    assertThat(
            Soak.next(
                resource("24h", begun("24h")),
                rotating,
                new Decision.Advance(rotation()),
                null,
                END.plus(minutes(2))))
        .isNull();
  }

  @Test
  void theEndMovesWithTheSpec() {
    SoakStatus soak = next("24h", begun("24h"), CLEAN, minutes(1));

    SoakStatus shorter = next("2m", soak, null, Duration.ofSeconds(90));
    SoakStatus longer = next("48h", soak, null, Duration.ofSeconds(90));

    assertThat(shorter.nextLookAt()).isEqualTo(END.plus(minutes(2)).toString());
    assertThat(longer.until()).isEqualTo(END.plus(Duration.ofHours(48)).toString());
    assertThat(longer.nextLookAt()).isEqualTo(soak.nextLookAt());
  }

  @Test
  void oneThatIsOverStaysAsItIs() {
    SoakStatus over = next("1m", begun("1m"), CLEAN, minutes(1));

    assertThat(next("48h", over, null, Duration.ofHours(2))).isEqualTo(over);
    assertThat(Soak.isLookDue(resource("48h", over), END.plus(Duration.ofHours(50)))).isFalse();
  }

  @Test
  void storedValuesAreCountedFirstLastAndNowAndThen() {
    List<Integer> counted = new ArrayList<>();
    SoakStatus soak = begun("24h");
    for (int look = 0; look < 9; look++) {
      KeyRotation resource = resource("24h", soak);
      if (Soak.countsValues(resource, soak.withLooks(look), END.plus(minutes(30)))) {
        counted.add(look);
      }
    }

    assertThat(counted).containsExactly(0, 4, 8);
    assertThat(
            Soak.countsValues(
                resource("24h", soak), soak.withLooks(7), END.plus(Duration.ofHours(24))))
        .isTrue();
  }
}
