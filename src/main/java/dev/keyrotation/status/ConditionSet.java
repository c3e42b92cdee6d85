package dev.keyrotation.status;

import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.api.v1alpha1.ConditionType;
import dev.keyrotation.plan.FailurePolicy;
import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.ConditionBuilder;
import java.time.Instant;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The conditions of a resource, one per type, always in the same order. A condition whose status
 * does not change keeps its transition time; all that change in one turn get the same.
 */
final class ConditionSet {
  /** Longest message that the API server's own condition schema allows. */
  private static final int LONGEST_MESSAGE = 32768;

  private final Map<ConditionType, Condition> conditions = new EnumMap<>(ConditionType.class);
  private final @Nullable Long generation;
  private final Instant now;

  ConditionSet(List<Condition> previous, @Nullable Long generation, Instant now) {
    this.generation = generation;
    this.now = now;
    for (ConditionType type : ConditionType.values()) {
      previous.stream()
          .filter(condition -> type.text().equals(condition.getType()))
          .findFirst()
          .ifPresent(condition -> conditions.put(type, condition));
    }
  }

  boolean has(ConditionType type) {
    return conditions.containsKey(type);
  }

  void set(ConditionType type, boolean value, ConditionReason reason, String message) {
    set(type, value ? "True" : "False", reason, message);
  }

  void setUnknown(ConditionType type, ConditionReason reason, String message) {
    set(type, "Unknown", reason, message);
  }

  private void set(ConditionType type, String value, ConditionReason reason, String message) {
    Condition old = conditions.get(type);
    String since =
        old != null && Objects.equals(old.getStatus(), value)
            ? old.getLastTransitionTime()
            : FailurePolicy.text(now);
    conditions.put(
        type,
        new ConditionBuilder()
            .withType(type.text())
            .withStatus(value)
            .withReason(reason.text())
            .withMessage(
                message.length() > LONGEST_MESSAGE
                    ? message.substring(0, LONGEST_MESSAGE)
                    : message)
            .withObservedGeneration(generation)
            .withLastTransitionTime(since)
            .build());
  }

  List<Condition> list() {
    return List.copyOf(conditions.values());
  }
}
