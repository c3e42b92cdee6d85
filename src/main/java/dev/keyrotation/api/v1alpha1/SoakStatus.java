package dev.keyrotation.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.soabase.recordbuilder.core.RecordBuilder;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The watch over the time after a rotation. It ends when the next rotation begins. */
@RecordBuilder
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public record SoakStatus(
    @JsonPropertyDescription("The rotation after which it watches.") String rotation,
    @JsonPropertyDescription("What it has shown so far: Watching, Passed, Problems or Unknown.")
        SoakResult result,
    @JsonPropertyDescription("When the rotation ended, RFC 3339.") String since,
    @JsonPropertyDescription("When it is over, RFC 3339.") String until,
    @JsonPropertyDescription("Looks that were taken.") int looks,
    @JsonPropertyDescription(
            "Of these, looks that could not ask everything: an instance did not answer, a log could"
                + " not be read.")
        int unclearLooks,
    @JsonPropertyDescription("What the last look could not ask.") @Nullable String unclear,
    @JsonPropertyDescription("When the last look was taken, RFC 3339.") @Nullable String lastLookAt,
    @JsonPropertyDescription("When the next look is due, RFC 3339; gone when it is over.")
        @Nullable String nextLookAt,
    @JsonPropertyDescription("What was found, each kind once.") List<SoakProblem> problems,
    @JsonPropertyDescription(
            "Kinds that only the last look found: they count when the next look finds them too,"
                + " since a restart or a cache explains them for a moment.")
        List<String> suspects,
    @JsonPropertyDescription(
            "Lines of the instances' logs about requests that were refused. Not judged: clients"
                + " with the old key cause them, and so do the questions of each look.")
        long refusals)
    implements SoakStatusBuilder.With {

  public SoakStatus {
    problems = problems == null ? List.of() : List.copyOf(problems);
    suspects = suspects == null ? List.of() : List.copyOf(suspects);
  }

  /** Whether more looks are to come. */
  public boolean underWay() {
    return nextLookAt != null;
  }
}
