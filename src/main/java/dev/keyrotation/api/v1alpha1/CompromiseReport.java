package dev.keyrotation.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a rotation with reason Compromised did and found beyond the keys. */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public record CompromiseReport(
    @JsonPropertyDescription("From when on access is listed, RFC 3339; none: from the beginning.")
        @Nullable String since,
    @JsonPropertyDescription("Keys of LiteLLM dashboard sessions that were ended.")
        int sessionsEnded,
    @JsonPropertyDescription("Keys with admin rights created since then.") int adminKeys,
    @JsonPropertyDescription("Users with role proxy_admin created since then.") int adminUsers,
    @JsonPropertyDescription("The newest of these keys and users, at most 20 of each.")
        List<AdminAccess> newest) {

  /** How many keys, and how many users, are listed at most. */
  public static final int MOST_LISTED = 20;

  public CompromiseReport {
    newest = newest == null ? List.of() : List.copyOf(newest);
  }
}
