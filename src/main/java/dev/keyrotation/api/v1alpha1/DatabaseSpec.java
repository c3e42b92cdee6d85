package dev.keyrotation.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import io.soabase.recordbuilder.core.RecordBuilder;
import org.jspecify.annotations.Nullable;

/** LiteLLM's PostgreSQL database. */
@RecordBuilder
@ValidationRule(
    value = "!has(self.markConnections) || !self.markConnections || has(self.urlFrom.secretKeyRef)",
    message = "markConnections writes into the Secret of urlFrom.secretKeyRef: set that")
public record DatabaseSpec(
    @Required @JsonPropertyDescription("Where the connection URL is read from.") UrlSource urlFrom,
    @Default("public")
        @Size(min = 1, max = 63)
        @JsonPropertyDescription(
            "Schema with LiteLLM's tables. LiteLLM calls it DATABASE_SCHEMA, or `schema` in the URL.")
        String schema,
    @JsonPropertyDescription(
            "TLS to the server. What the URL asks for beyond it holds too (sslmode, sslaccept=strict).")
        TlsSpec tls,
    @Default("false")
        @JsonPropertyDescription(
            "Whether a rotation may write application_name into the URL, so that the database tells"
                + " instances of the new keys from those of the old ones where their addresses do"
                + " not: behind a connection pooler or source NAT, and in the host's network. The"
                + " entry then has to be the one from which the instances take DATABASE_URL. It is"
                + " written only when a rotation needs it; other parts of the URL stay as they"
                + " are.")
        boolean markConnections)
    implements DatabaseSpecBuilder.With {

  public DatabaseSpec(
      UrlSource urlFrom, @Nullable String schema, @Nullable TlsSpec tls, boolean markConnections) {
    this.urlFrom = urlFrom;
    this.schema = schema == null ? "public" : schema;
    this.tls = tls == null ? TlsSpec.defaults() : tls;
    this.markConnections = markConnections;
  }

  /** The database behind a URL, with LiteLLM's tables in the schema {@code public}. */
  public static DatabaseSpec of(UrlSource urlFrom) {
    return new DatabaseSpec(urlFrom, null, null, false);
  }
}
