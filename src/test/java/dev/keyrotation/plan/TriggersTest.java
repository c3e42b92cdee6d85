package dev.keyrotation.plan;

import static org.assertj.core.api.Assertions.assertThat;

import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.api.v1alpha1.HistoryEntry;
import dev.keyrotation.api.v1alpha1.HistoryEntryBuilder;
import dev.keyrotation.api.v1alpha1.KeyFingerprints;
import dev.keyrotation.api.v1alpha1.KeyKind;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.KeyRotationSpecBuilder;
import dev.keyrotation.api.v1alpha1.KeyRotationStatus;
import dev.keyrotation.api.v1alpha1.MaintenanceWindow;
import dev.keyrotation.api.v1alpha1.RotateSpec;
import dev.keyrotation.api.v1alpha1.RotateSpecBuilder;
import dev.keyrotation.api.v1alpha1.RotationResult;
import dev.keyrotation.api.v1alpha1.SecretRef;
import dev.keyrotation.api.v1alpha1.Trigger;
import dev.keyrotation.api.v1alpha1.WorkloadSpec;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Tuesday 2026-06-09, UTC, unless a test says otherwise. */
class TriggersTest {
  private static final Instant NOW = Instant.parse("2026-06-09T12:00:00Z");
  private static final MaintenanceWindow NIGHT = new MaintenanceWindow("0 22 * * *", "4h");

  private static RotateSpecBuilder rotate() {
    return RotateSpecBuilder.builder();
  }

  private static KeyRotation resource(RotateSpec rotate, @Nullable String lastEnd) {
    KeyRotation resource = new KeyRotation();
    resource.setMetadata(
        new ObjectMetaBuilder()
            .withName("litellm")
            .withNamespace("ai")
            .withCreationTimestamp("2026-06-01T00:00:00Z")
            .build());
    resource.setSpec(
        KeyRotationSpecBuilder.builder()
            .keys(List.of(KeyKind.MASTER))
            .secretRef(new SecretRef("litellm-keys", null, null, null))
            .workloads(List.of(WorkloadSpec.ofDeployment("litellm")))
            .rotate(rotate)
            .build());
    if (lastEnd != null) {
      resource.setStatus(KeyRotationStatus.empty().with().history(List.of(ended(lastEnd))).build());
    }
    return resource;
  }

  private static HistoryEntry ended(String time) {
    return HistoryEntryBuilder.builder()
        .id("litellm-r2")
        .revision(2)
        .fromRevision(1)
        .result(RotationResult.SUCCEEDED)
        .keys(List.of(KeyKind.MASTER))
        .trigger(Trigger.REQUEST)
        .request("earlier")
        .oldKeys(new KeyFingerprints("aaaa", null))
        .startedAt(time)
        .completedAt(time)
        .build();
  }

  @Test
  void requestWaitsForTheNextWindow() {
    KeyRotation primary = resource(rotate().request("now").windows(List.of(NIGHT)).build(), null);

    assertThat(Triggers.pending(primary, NOW)).isEmpty();
    assertThat(Triggers.announced(primary, NOW))
        .contains(
            new Triggers.Next(
                Trigger.REQUEST,
                Instant.parse("2026-06-09T22:00:00Z"),
                ConditionReason.WAITING_FOR_WINDOW));
  }

  @Test
  void requestInAnOpenWindowBeginsAtOnce() {
    KeyRotation primary = resource(rotate().request("now").windows(List.of(NIGHT)).build(), null);

    assertThat(Triggers.pending(primary, Instant.parse("2026-06-10T01:59:59Z")))
        .contains(Trigger.REQUEST);
  }

  @Test
  void scheduledRunThatMissedItsWindowDoesNotBeginAfterIt() {
    KeyRotation primary =
        resource(
            rotate().schedule("0 22 8 * *").windows(List.of(NIGHT)).build(),
            "2026-06-01T00:00:00Z");

    // Due on the 8th at 22:00; the operator comes back at noon.
    assertThat(Triggers.pending(primary, NOW)).isEmpty();
    assertThat(Triggers.pending(primary, Instant.parse("2026-06-09T22:00:00Z")))
        .contains(Trigger.SCHEDULE);
  }

  @Test
  void newRequestSoonAfterARotationWaitsForTheGap() {
    KeyRotation primary =
        resource(rotate().request("again").minimumGap("1d").build(), "2026-06-09T11:00:00Z");

    assertThat(Triggers.pending(primary, NOW)).isEmpty();
    assertThat(Triggers.announced(primary, NOW))
        .contains(
            new Triggers.Next(
                Trigger.REQUEST,
                Instant.parse("2026-06-10T11:00:00Z"),
                ConditionReason.MINIMUM_GAP_NOT_OVER));
  }

  @Test
  void gapThatEndsOutsideOfAWindowWaitsForTheWindow() {
    KeyRotation primary =
        resource(
            rotate().request("again").minimumGap("1h").windows(List.of(NIGHT)).build(),
            "2026-06-09T11:30:00Z");

    assertThat(Triggers.announced(primary, NOW).orElseThrow().at())
        .isEqualTo("2026-06-09T22:00:00Z");
  }

  @Test
  void announcedTimeStandsStillWhileARunIsOverdue() {
    KeyRotation primary = resource(rotate().schedule("0 3 * * *").build(), "2026-06-09T01:00:00Z");

    var first = Triggers.announced(primary, NOW);

    assertThat(first).isEqualTo(Triggers.announced(primary, NOW.plusSeconds(90)));
    assertThat(first.orElseThrow().at()).isEqualTo("2026-06-09T03:00:00Z");
  }

  @Test
  void requestThatMayBeginHasNoTimeToAnnounce() {
    KeyRotation primary = resource(rotate().request("now").build(), null);

    assertThat(Triggers.announced(primary, NOW)).isEmpty();
  }
}
