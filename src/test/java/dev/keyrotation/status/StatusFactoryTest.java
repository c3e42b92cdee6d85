package dev.keyrotation.status;

import static org.assertj.core.api.Assertions.assertThat;

import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.api.v1alpha1.ConditionType;
import dev.keyrotation.api.v1alpha1.KeyFingerprints;
import dev.keyrotation.api.v1alpha1.KeyKind;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.KeyRotationSpecBuilder;
import dev.keyrotation.api.v1alpha1.KeyRotationStatus;
import dev.keyrotation.api.v1alpha1.SecretRef;
import dev.keyrotation.api.v1alpha1.WorkloadSpec;
import dev.keyrotation.plan.Decision;
import dev.keyrotation.plan.Finding;
import dev.keyrotation.plan.ObservedState;
import dev.keyrotation.plan.ObservedState.Operand;
import dev.keyrotation.plan.PreflightReport;
import dev.keyrotation.plan.StepOutcome;
import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class StatusFactoryTest {
  private static final Instant NOW = Instant.parse("2026-06-01T12:00:00Z");

  private final StatusFactory factory = new StatusFactory();

  private static KeyRotation resource(KeyRotationStatus status) {
    KeyRotation resource = new KeyRotation();
    resource.setMetadata(
        new ObjectMetaBuilder()
            .withName("litellm")
            .withNamespace("ai")
            .withGeneration(4L)
            .withCreationTimestamp("2026-01-01T00:00:00Z")
            .build());
    resource.setSpec(
        KeyRotationSpecBuilder.builder()
            .keys(List.of(KeyKind.MASTER))
            .secretRef(new SecretRef("litellm-keys", null, null, null))
            .workloads(List.of(WorkloadSpec.ofDeployment("litellm")))
            .build());
    resource.setStatus(status);
    return resource;
  }

  private static ObservedState idle(Operand operand) {
    return new ObservedState(null, null, operand, List.of(), List.of(), null);
  }

  private KeyRotationStatus idle(KeyRotationStatus status, Operand operand, Instant now) {
    return factory.next(
        resource(status), idle(operand), new Decision.Idle(), new StepOutcome.NoEffect(), now);
  }

  private static Condition condition(KeyRotationStatus status, ConditionType type) {
    return status.conditions().stream()
        .filter(c -> c.getType().equals(type.text()))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void everyConditionIsThereFromTheFirstStatusOn() {
    KeyRotationStatus status =
        idle(KeyRotationStatus.empty(), new Operand.OnActiveKeys("2 instances run."), NOW);

    assertThat(status.conditions())
        .extracting(Condition::getType)
        .containsExactlyElementsOf(
            Stream.of(ConditionType.values()).map(ConditionType::text).toList());
    assertThat(status.observedGeneration()).isEqualTo(4);
  }

  @Test
  void nothingNewMakesAnEqualStatus() {
    KeyRotationStatus first =
        idle(KeyRotationStatus.empty(), new Operand.OnActiveKeys("2 instances run."), NOW);

    KeyRotationStatus second =
        idle(first, new Operand.OnActiveKeys("2 instances run."), NOW.plusSeconds(600));

    assertThat(second).isEqualTo(first);
  }

  @Test
  void transitionTimeChangesOnlyWithTheStatusOfTheCondition() {
    KeyRotationStatus ready =
        idle(KeyRotationStatus.empty(), new Operand.OnActiveKeys("fine"), NOW);

    KeyRotationStatus reworded = idle(ready, new Operand.OnActiveKeys("good"), NOW.plusSeconds(5));
    KeyRotationStatus drifted = idle(ready, new Operand.Drifted("changed"), NOW.plusSeconds(9));

    assertThat(condition(reworded, ConditionType.READY).getLastTransitionTime())
        .isEqualTo(NOW.toString());
    assertThat(condition(drifted, ConditionType.READY).getLastTransitionTime())
        .isEqualTo(NOW.plusSeconds(9).toString());
  }

  @Test
  void whatCannotBeReadIsUnknownAndNotFalse() {
    KeyRotationStatus status =
        idle(KeyRotationStatus.empty(), new Operand.Unclear("no answer"), NOW);

    assertThat(condition(status, ConditionType.READY).getStatus()).isEqualTo("Unknown");
  }

  @Test
  void findingIsTheReasonOfStalledAndItsSentenceTheMessage() {
    PreflightReport report =
        new PreflightReport(
            List.of(new Finding(ConditionReason.SECRET_NOT_FOUND, "Secret x does not exist.")),
            List.of(),
            new KeyFingerprints("a", null),
            KeyKind.MASTER,
            false,
            0,
            List.of(),
            0,
            0,
            null,
            null);

    KeyRotationStatus status =
        factory.next(
            resource(KeyRotationStatus.empty()),
            new ObservedState(null, report, null, List.of(), List.of(), null),
            new Decision.Blocked(report),
            new StepOutcome.NoEffect(),
            NOW);

    assertThat(condition(status, ConditionType.STALLED).getReason()).isEqualTo("SecretNotFound");
    assertThat(condition(status, ConditionType.STALLED).getMessage())
        .isEqualTo("Secret x does not exist.");
    assertThat(status.plan().findings())
        .containsExactly("SecretNotFound: Secret x does not exist.");
    assertThat(status.rotation()).isNull();
  }

  @Test
  void reasonsAreCamelCaseAsTheConventionWants() {
    assertThat(ConditionReason.values())
        .allSatisfy(reason -> assertThat(reason.text()).matches("[A-Z][A-Za-z]+"));
  }
}
