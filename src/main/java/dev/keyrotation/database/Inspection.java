package dev.keyrotation.database;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.cipher.EncryptionKey;
import dev.keyrotation.database.Catalog.Table;
import dev.keyrotation.database.Privileges.Right;
import dev.keyrotation.database.RotationDatabase.Finding;
import dev.keyrotation.database.RotationDatabase.Report;
import dev.keyrotation.key.KeySet;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** Reads all that a rotation depends on in the database, and collects what is wrong with it. */
final class Inspection {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** LiteLLM copies these into its environment, where they would win over the Secret. */
  private static final Set<String> KEY_VARIABLES = Set.of("LITELLM_SALT_KEY", "LITELLM_MASTER_KEY");

  private final Connection connection;
  private final String schema;
  private final DatabaseOwner owner;
  private final KeySet current;
  private final List<Finding> findings = new ArrayList<>();
  private final List<String> warnings = new ArrayList<>();

  Inspection(Connection connection, String schema, DatabaseOwner owner, KeySet current) {
    this.connection = connection;
    this.schema = schema;
    this.owner = owner;
    this.current = current;
  }

  Report run() throws SQLException {
    Catalog catalog = Catalog.read(connection, schema);
    if (!catalog.has(Catalog.TOKENS, "token")) {
      find(
          ConditionReason.DATABASE_NOT_LITELLM,
          "Schema "
              + schema
              + " has no table LiteLLM_VerificationToken that this role can see. Correct the URL or"
              + " spec.database.schema.");
      return new Report(List.of(), 0, 0, findings, warnings);
    }
    readServer();
    readPrivileges(catalog);
    readClaim();
    if (!findings.isEmpty()) {
      return new Report(List.of(), 0, 0, findings, warnings);
    }
    readConfig(catalog);
    RowReader reader = RowReader.counting(new EncryptionKey(current.encryption()));
    Tally tally = new Tally();
    RowsAhead.forEach(
        connection, TableScan.all(catalog), reader, (scan, row) -> tally.add(scan.table(), row));
    findings.addAll(tally.findings());
    warnings.addAll(tally.warnings());
    int masterKeyRows = new TokenRows(connection, catalog).count(current.master());
    return new Report(
        tally.columns(),
        tally.total(),
        masterKeyRows,
        List.copyOf(findings),
        List.copyOf(warnings));
  }

  private void readServer() throws SQLException {
    if (isTrue("SELECT pg_is_in_recovery()")) {
      find(
          ConditionReason.DATABASE_ACCESS_DENIED,
          "The URL names a standby server, which takes no writes. Let it name the primary.");
    } else if (isTrue(
        "SELECT setting = 'on' FROM pg_settings WHERE name = 'default_transaction_read_only'")) {
      find(
          ConditionReason.DATABASE_ACCESS_DENIED,
          "Transactions of this role are read-only by default"
              + " (default_transaction_read_only). A rotation has to write.");
    }
  }

  private void readPrivileges(Catalog catalog) throws SQLException {
    String role = text("SELECT quote_ident(current_user)");
    if (!isTrue("SELECT has_schema_privilege(" + Sql.literal(schema) + ", 'USAGE')")) {
      find(
          ConditionReason.DATABASE_ACCESS_DENIED,
          "Role "
              + role
              + " may not use schema "
              + schema
              + ". Run: GRANT USAGE ON SCHEMA "
              + Sql.name(schema)
              + " TO "
              + role
              + ";");
    }
    for (Table table : catalog.tables().values()) {
      if (table.policies()) {
        find(
            ConditionReason.DATABASE_ACCESS_DENIED,
            "Row level security hides rows of "
                + table.name()
                + " from role "
                + role
                + ". Use the owner of the table, or a role with BYPASSRLS.");
      }
    }
    Privileges needed = Privileges.of(catalog, connection);
    for (Right right : Right.values()) {
      List<String> missing = needed.missing(right, catalog, connection);
      grant(right.name(), missing.stream().map(catalog::sql).toList(), role);
    }
    readSessions(role);
    boolean ownSchema =
        isTrue("SELECT to_regnamespace('keyrotation') IS NOT NULL")
            ? isTrue("SELECT has_schema_privilege('keyrotation', 'CREATE')")
            : isTrue("SELECT has_database_privilege(current_database(), 'CREATE')");
    if (!ownSchema) {
      find(
          ConditionReason.DATABASE_ACCESS_DENIED,
          "Role "
              + role
              + " may not make the schema keyrotation, which holds the journal. Run: CREATE SCHEMA"
              + " IF NOT EXISTS keyrotation AUTHORIZATION "
              + role
              + ";");
    }
  }

  /** Who writes beside us while nobody should has to be seen. */
  private void readSessions(String role) throws SQLException {
    List<String> hidden = new Writers(connection, schema).hidden();
    if (!hidden.isEmpty()) {
      find(
          ConditionReason.DATABASE_ACCESS_DENIED,
          "Role "
              + role
              + " may not see the sessions of "
              + String.join(", ", hidden)
              + ", which may write to LiteLLM's tables. Run: GRANT pg_read_all_stats TO "
              + role
              + ";");
    }
  }

  private void grant(String privilege, List<String> tables, String role) {
    if (!tables.isEmpty()) {
      find(
          ConditionReason.DATABASE_ACCESS_DENIED,
          "Role "
              + role
              + " lacks a privilege. Run: GRANT "
              + privilege
              + " ON "
              + String.join(", ", tables)
              + " TO "
              + role
              + ";");
    }
  }

  private void readClaim() throws SQLException {
    if (OwnSchema.exists(connection)) {
      String holder = Claim.owner(connection, schema);
      if (holder != null && !holder.equals(owner.name())) {
        find(ConditionReason.DATABASE_OWNED_BY_OTHER, Claim.ownedByOther(schema, holder));
      }
    }
  }

  /** Keys in the configuration table win over those of the Secret, or may. */
  private void readConfig(Catalog catalog) throws SQLException {
    if (!catalog.has(Catalog.CONFIG, "param_value")) {
      return;
    }
    JsonNode environment = config(catalog, "environment_variables");
    for (var name : environment.propertyStream().map(e -> e.getKey()).toList()) {
      if (KEY_VARIABLES.contains(name.toUpperCase(Locale.ROOT))) {
        find(
            ConditionReason.WORKLOAD_DOES_NOT_READ_SECRET,
            "Row environment_variables of LiteLLM_Config sets "
                + name
                + ", which would take the place of the key in the Secret. Remove it there.");
      }
    }
    if (config(catalog, "general_settings").hasNonNull("master_key")) {
      find(
          ConditionReason.WORKLOAD_DOES_NOT_READ_SECRET,
          "Row general_settings of LiteLLM_Config sets master_key, which may take the place of the"
              + " key in the Secret. Remove it there.");
    }
  }

  /**
   * A row of the configuration, which may be JSON in a JSON string; only its names are looked at.
   */
  private JsonNode config(Catalog catalog, String row) throws SQLException {
    String stored =
        text(
            "SELECT coalesce((SELECT param_value::text FROM "
                + catalog.sql(Catalog.CONFIG)
                + " WHERE param_name = "
                + Sql.literal(row)
                + "), 'null')");
    try {
      JsonNode value = JSON.readTree(stored);
      return value.isTextual() ? JSON.readTree(value.asText()) : value;
    } catch (JsonProcessingException e) {
      return JSON.nullNode();
    }
  }

  private void find(ConditionReason reason, String message) {
    findings.add(new Finding(reason, message));
  }

  private boolean isTrue(String sql) throws SQLException {
    return "t".equals(text(sql));
  }

  private String text(String sql) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(sql)) {
      row.next();
      return row.getString(1);
    }
  }
}
