package dev.keyrotation.workload;

import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.api.v1alpha1.DatabaseSpec;
import dev.keyrotation.api.v1alpha1.SecretKeyRef;
import dev.keyrotation.workload.ProxySettings.Setting;
import org.jspecify.annotations.Nullable;

/** Compares the database of the pods with that of the spec, as far as names show it. */
final class DatabaseCheck {
  private static final String URL_VARIABLE = "DATABASE_URL";
  private static final String SCHEMA_VARIABLE = "DATABASE_SCHEMA";

  private final @Nullable DatabaseSpec spec;
  private final ContainerEnvironment environment;
  private final @Nullable ProxySettings settings;
  private final WiringReport report;

  DatabaseCheck(
      @Nullable DatabaseSpec spec,
      ContainerEnvironment environment,
      @Nullable ProxySettings settings,
      WiringReport report) {
    this.spec = spec;
    this.environment = environment;
    this.settings = settings;
    this.report = report;
  }

  void run() {
    String place = place();
    if (spec == null) {
      if (place != null) {
        report.block(
            ConditionReason.INVALID_SPEC,
            "has a database ("
                + place
                + "), but spec.database is not set: stored values and an old master key's row would be missed. Set"
                + " it.");
      }
      return;
    }
    SecretKeyRef ref = spec.urlFrom().secretKeyRef();
    if (place == null) {
      report.warn("shows no sign of a database, but spec.database names one.");
    } else if (!new EnvSource.SecretEntry(ref.name(), ref.key())
        .equals(environment.source(URL_VARIABLE))) {
      report.warn(
          "takes its database from "
              + place
              + " and spec.database from entry "
              + ref.key()
              + " of Secret "
              + ref.name()
              + ". See that both are the same database.");
    }
    String schema = environment.text(SCHEMA_VARIABLE);
    if (schema != null && !schema.equals(spec.schema())) {
      report.warn("uses schema " + schema + ", but spec.database.schema is " + spec.schema() + ".");
    }
  }

  /** Where the pods have their database from; null when nothing names one. */
  private @Nullable String place() {
    if (settings != null) {
      switch (settings.setting("general_settings", "database_url")) {
        case Setting.Value() -> {
          return "database_url of the configuration file";
        }
        case Setting.Variable(String name) when !name.equals(URL_VARIABLE) -> {
          return "variable " + name;
        }
        case Setting.Variable _, Setting.Absent _ -> {}
      }
    }
    EnvSource url = environment.source(URL_VARIABLE);
    if (url != null) {
      return URL_VARIABLE + ": " + url.describe();
    }
    EnvSource host = environment.source("DATABASE_HOST");
    return host == null ? null : "DATABASE_HOST: " + host.describe();
  }
}
