package dev.keyrotation.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What the last preflight found and what a rotation would do. */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public record PlanStatus(
    @JsonPropertyDescription("Steps in their order.") List<StepName> steps,
    @JsonPropertyDescription("How instances would be restarted.") @Nullable RolloutMode mode,
    @JsonPropertyDescription(
            "Which key encrypts the stored values: Salt, or Master when there is no salt key.")
        @Nullable KeyKind encryptionKey,
    @JsonPropertyDescription("Values that would be re-encrypted.") long values,
    @JsonPropertyDescription("Columns that hold them, with counts.") List<String> columns,
    @JsonPropertyDescription("Instances that would be restarted.") int instances,
    @JsonPropertyDescription("LiteLLM's version, as the instances report it.")
        @Nullable String version,
    @JsonPropertyDescription("What blocks a rotation, and what to do about it.")
        List<String> findings,
    @JsonPropertyDescription("What does not block but should be known.") List<String> warnings) {

  public PlanStatus {
    steps = steps == null ? List.of() : List.copyOf(steps);
    columns = columns == null ? List.of() : List.copyOf(columns);
    findings = findings == null ? List.of() : List.copyOf(findings);
    warnings = warnings == null ? List.of() : List.copyOf(warnings);
  }
}
