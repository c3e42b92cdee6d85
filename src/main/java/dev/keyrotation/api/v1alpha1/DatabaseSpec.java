package dev.keyrotation.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import io.soabase.recordbuilder.core.RecordBuilder;
import org.jspecify.annotations.Nullable;

/** LiteLLM's PostgreSQL database. */
@RecordBuilder
public record DatabaseSpec(
    @Required @JsonPropertyDescription("Where the connection URL is read from.") UrlSource urlFrom,
    @Default("public")
        @Size(min = 1, max = 63)
        @JsonPropertyDescription(
            "Schema with LiteLLM's tables. LiteLLM calls it DATABASE_SCHEMA, or `schema` in the URL.")
        String schema,
    @JsonPropertyDescription(
            "TLS to the server. What the URL asks for beyond it holds too (sslmode, sslaccept=strict).")
        TlsSpec tls)
    implements DatabaseSpecBuilder.With {

  public DatabaseSpec(UrlSource urlFrom, @Nullable String schema, @Nullable TlsSpec tls) {
    this.urlFrom = urlFrom;
    this.schema = schema == null ? "public" : schema;
    this.tls = tls == null ? TlsSpec.defaults() : tls;
  }

  /** The database behind a URL, with LiteLLM's tables in the schema {@code public}. */
  public static DatabaseSpec of(UrlSource urlFrom) {
    return new DatabaseSpec(urlFrom, null, null);
  }
}
