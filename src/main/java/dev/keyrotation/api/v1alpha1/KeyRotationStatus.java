package dev.keyrotation.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.kubernetes.api.model.Condition;
import io.soabase.recordbuilder.core.RecordBuilder;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What is. The operator alone writes it, whole, in one patch per reconcile. */
@RecordBuilder
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public record KeyRotationStatus(
    @JsonPropertyDescription(
            "The generation of the spec that this status speaks of; -1 before the operator has"
                + " looked.")
        @Nullable Long observedGeneration,
    @JsonPropertyDescription("The last value of spec.rotate.request that started a rotation.")
        @Nullable String handledRequest,
    @JsonPropertyDescription("The highest revision that was ever given out.") long lastRevision,
    @JsonPropertyDescription("The keys that are in use.") @Nullable ActiveKeys activeKeys,
    @JsonPropertyDescription("The rotation that is under way.") @Nullable RotationStatus rotation,
    @JsonPropertyDescription("What the last preflight found and what a rotation would do.")
        @Nullable PlanStatus plan,
    @JsonPropertyDescription("When the schedule is due next, RFC 3339.")
        @Nullable String nextRotationAt,
    @JsonPropertyDescription("How the last rotation ended.") @Nullable RotationResult lastResult,
    @JsonPropertyDescription("Rotations that ended, the newest first.") List<HistoryEntry> history,
    @JsonPropertyDescription("The watch over the time after the last rotation.")
        @Nullable SoakStatus soak,
    @JsonPropertyDescription("The process that acted last; any other changes nothing.")
        @Nullable Epoch epoch,
    @JsonPropertyDescription(
            "Ready, Stalled, Reconciling, PreflightPassed, Rotated, RollBackPossible, Soaked:"
                + " always all of them.")
        List<Condition> conditions)
    implements KeyRotationStatusBuilder.With {

  public KeyRotationStatus {
    history = history == null ? List.of() : List.copyOf(history);
    conditions = conditions == null ? List.of() : List.copyOf(conditions);
  }

  /** The status of a resource that was never reconciled. */
  public static KeyRotationStatus empty() {
    return new KeyRotationStatus(
        null, null, 0, null, null, null, null, null, List.of(), null, null, List.of());
  }
}
