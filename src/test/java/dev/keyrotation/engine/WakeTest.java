package dev.keyrotation.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.KeyRotationStatus;
import dev.keyrotation.plan.Decision;
import dev.keyrotation.plan.StepOutcome;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class WakeTest {
  private static final Instant NOW = Instant.parse("2026-11-27T08:00:00Z");

  private static Duration atRest(String uid, KeyRotationStatus status) {
    KeyRotation primary = new KeyRotation();
    primary.getMetadata().setUid(uid);
    return Wake.after(primary, status, new Decision.Idle(), new StepOutcome.NoEffect(), NOW);
  }

  @Test
  void resourcesThatWereLookedAtAtOnceDoNotStayTogether() {
    List<Duration> rests =
        IntStream.range(0, 1_000)
            .mapToObj(i -> UUID.nameUUIDFromBytes(new byte[] {(byte) i, (byte) (i >> 8)}))
            .map(uid -> atRest(uid.toString(), KeyRotationStatus.empty()))
            .toList();

    assertThat(rests)
        .allSatisfy(
            rest -> assertThat(rest).isBetween(Duration.ofSeconds(150), Duration.ofMinutes(3)));
    assertThat(rests.stream().map(Duration::toSeconds).distinct()).hasSizeBetween(30, 31);
  }

  @Test
  void resourceThatRestsIsLookedAtInTheSameIntervalEachTime() {
    assertThat(atRest("a", KeyRotationStatus.empty()))
        .isEqualTo(atRest("a", KeyRotationStatus.empty()));
  }

  @Test
  void rotationThatIsDueEarlierIsNotLate() {
    KeyRotationStatus status =
        KeyRotationStatus.empty().with().nextRotationAt("2026-11-27T08:00:20Z").build();

    assertThat(atRest("a", status)).isBetween(Duration.ofSeconds(20), Duration.ofSeconds(21));
  }
}
