package dev.keyrotation.workload;

import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.api.v1alpha1.DatabaseSpec;
import dev.keyrotation.api.v1alpha1.SecretKeyRef;
import dev.keyrotation.workload.ProxySettings.Setting;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Compares the database of the pods with that of the spec, as far as names show it. */
final class DatabaseCheck {
  private static final String URL_VARIABLE = "DATABASE_URL";
  private static final List<String> REPLICA_VARIABLES =
      List.of("DATABASE_URL_READ_REPLICA", "DATABASE_HOST_READ_REPLICA");
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
    String configured = configured();
    EnvSource url = environment.source(URL_VARIABLE);
    EnvSource host = environment.source("DATABASE_HOST");
    String place =
        configured != null
            ? configured
            : url != null
                ? URL_VARIABLE + ": " + url.describe()
                : host == null ? null : "DATABASE_HOST: " + host.describe();
    if (spec == null) {
      if (place != null) {
        report.block(
            ConditionReason.INVALID_SPEC,
            "has a database ("
                + place
                + "), but spec.database is not set: stored values and an old master key's row would"
                + " be missed. Set it.");
      }
      return;
    }
    SecretKeyRef ref = spec.urlFrom().secretKeyRef();
    if (place == null) {
      report.warn("shows no sign of a database, but spec.database names one.");
      report.unmarked("does not show where it takes DATABASE_URL from");
    } else if (configured != null
        || ref == null
        || !new EnvSource.SecretEntry(ref.name(), ref.key()).equals(url)) {
      report.warn(
          "takes its database from "
              + place
              + ", and spec.database from "
              + (ref == null ? "a host" : "entry " + ref.key() + " of Secret " + ref.name())
              + ". See that both are the same database.");
      report.unmarked(
          "takes its database from " + place + ", and not from the entry of spec.database.urlFrom");
    }
    for (String variable : REPLICA_VARIABLES) {
      if (environment.source(variable) != null) {
        report.unmarked("reads from a replica (" + variable + "), whose URL is another one");
      }
    }
    String schema = environment.text(SCHEMA_VARIABLE);
    if (schema != null && !schema.equals(spec.schema())) {
      report.warn("uses schema " + schema + ", but spec.database.schema is " + spec.schema() + ".");
    }
  }

  /** What the configuration file says of the database, which wins; null when it says nothing. */
  private @Nullable String configured() {
    if (settings == null) {
      return null;
    }
    return switch (settings.setting("general_settings", "database_url")) {
      case Setting.Value() -> "database_url of the configuration file";
      case Setting.Variable(String name) when !name.equals(URL_VARIABLE) -> "variable " + name;
      case Setting.Variable _, Setting.Absent _ -> null;
    };
  }
}
