package dev.keyrotation.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import org.jspecify.annotations.Nullable;

/** A key or a user with admin rights. It names them and holds nothing of the key itself. */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record AdminAccess(
    @JsonPropertyDescription("Key or User.") Kind kind,
    @JsonPropertyDescription(
            "The key's alias, else its abbreviation as LiteLLM shows it; the user's id.")
        String name,
    @JsonPropertyDescription("The user to whom a key belongs.") @Nullable String user,
    @JsonPropertyDescription("When it was created, RFC 3339; none when LiteLLM did not record it.")
        @Nullable String createdAt,
    @JsonPropertyDescription("Who created a key: MasterKey, User or Unknown.")
        @Nullable String createdBy) {

  /** What has admin rights. */
  public enum Kind {
    /** A row of the token table whose user is a proxy_admin. */
    @JsonProperty("Key")
    KEY,
    /** A row of the user table with role proxy_admin. */
    @JsonProperty("User")
    USER
  }
}
