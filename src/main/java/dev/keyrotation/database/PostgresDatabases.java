package dev.keyrotation.database;

import dev.keyrotation.api.v1alpha1.CaSource;
import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.api.v1alpha1.DatabaseSpec;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.UrlSource;
import dev.keyrotation.failure.Recovery;
import dev.keyrotation.failure.RotationException;
import dev.keyrotation.tls.CaReader;

/** Opens databases by their connection URL. */
public final class PostgresDatabases implements DatabaseProvider {
  private static final String DEFAULT_SCHEMA = "public";

  private final UrlReader urls;
  private final CaReader authorities;

  /** Reads the connection URL from where the spec says. */
  @FunctionalInterface
  public interface UrlReader {
    /**
     * The URL; never blank.
     *
     * @throws RotationException when there is none or it cannot be read
     */
    String read(KeyRotation owner, UrlSource source);
  }

  public PostgresDatabases(UrlReader urls, CaReader authorities) {
    this.urls = urls;
    this.authorities = authorities;
  }

  @Override
  public RotationDatabase open(KeyRotation rotation) {
    DatabaseSpec spec = rotation.getSpec().database();
    if (spec == null) {
      throw new RotationException(
          ConditionReason.INVALID_SPEC, Recovery.HALT, "spec.database is not set.");
    }
    CaSource source = spec.tls().caFrom();
    return open(
        ConnectionUrl.parse(
            urls.read(rotation, spec.urlFrom()),
            spec.tls(),
            source == null ? null : authorities.read(rotation, source, ServerTrust.FIELD)),
        spec.schema());
  }

  /**
   * Opens the database of a URL. The URL's {@code schema} is where LiteLLM keeps its tables; it
   * counts unless the spec names one too.
   */
  static RotationDatabase open(ConnectionUrl parsed, String specSchema) {
    String urlSchema = parsed.schema();
    if (urlSchema == null || urlSchema.equals(specSchema)) {
      return new PostgresRotationDatabase(parsed, specSchema);
    }
    if (specSchema.equals(DEFAULT_SCHEMA)) {
      return new PostgresRotationDatabase(parsed, urlSchema);
    }
    throw new RotationException(
        ConditionReason.DATABASE_URL_INVALID,
        Recovery.HALT,
        "The database URL names schema "
            + urlSchema
            + " and spec.database.schema "
            + specSchema
            + ". LiteLLM uses the one of the URL; correct the spec.");
  }
}
