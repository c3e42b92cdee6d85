package dev.keyrotation.database;

import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.api.v1alpha1.DatabaseSpec;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.UrlSource;
import dev.keyrotation.failure.Recovery;
import dev.keyrotation.failure.RotationException;

/** Opens databases by their connection URL. */
public final class PostgresDatabases implements DatabaseProvider {
  private static final String DEFAULT_SCHEMA = "public";

  private final UrlReader urls;

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

  public PostgresDatabases(UrlReader urls) {
    this.urls = urls;
  }

  @Override
  public RotationDatabase open(KeyRotation rotation) {
    DatabaseSpec spec = rotation.getSpec().database();
    if (spec == null) {
      throw new RotationException(
          ConditionReason.INVALID_SPEC, Recovery.HALT, "spec.database is not set.");
    }
    return open(urls.read(rotation, spec.urlFrom()), spec.schema());
  }

  /**
   * Opens a database by its URL. The URL's {@code schema} is where LiteLLM keeps its tables; it
   * counts unless the spec names one too.
   */
  static RotationDatabase open(String url, String specSchema) {
    ConnectionUrl parsed = ConnectionUrl.parse(url);
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
