package dev.keyrotation.database;

import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.api.v1alpha1.DatabaseSpec;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.SecretKeyRef;
import dev.keyrotation.failure.Recovery;
import dev.keyrotation.failure.RotationException;
import org.jspecify.annotations.Nullable;

/** Opens databases by the connection URL in a Secret. */
public final class PostgresDatabases implements DatabaseProvider {
  private static final String DEFAULT_SCHEMA = "public";

  private final SecretEntries secrets;

  /** Reads one entry of a Secret. */
  @FunctionalInterface
  public interface SecretEntries {
    /**
     * The decoded entry, or null when the Secret or the entry does not exist.
     *
     * @throws RotationException when the Secret cannot be read
     */
    @Nullable String read(String namespace, String secret, String key);
  }

  public PostgresDatabases(SecretEntries secrets) {
    this.secrets = secrets;
  }

  @Override
  public RotationDatabase open(KeyRotation rotation) {
    DatabaseSpec spec = rotation.getSpec().database();
    if (spec == null) {
      throw new RotationException(
          ConditionReason.INVALID_SPEC, Recovery.HALT, "spec.database is not set.");
    }
    SecretKeyRef ref = spec.urlFrom().secretKeyRef();
    String url = secrets.read(rotation.getMetadata().getNamespace(), ref.name(), ref.key());
    if (url == null || url.isBlank()) {
      throw new RotationException(
          ConditionReason.DATABASE_URL_INVALID,
          Recovery.HALT,
          "Secret "
              + ref.name()
              + " has no entry "
              + ref.key()
              + " with the database URL. Correct spec.database.urlFrom.");
    }
    return open(url, spec.schema());
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
