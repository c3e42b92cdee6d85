package dev.keyrotation.database;

import java.util.Map;
import java.util.Set;

/** What LiteLLM keeps in a column, and so how a string that no key opens is judged there. */
enum ColumnRole {
  /** LiteLLM encrypts every string: whatever looks sealed is a ciphertext. */
  EVERY_STRING,
  /** Ciphertext among plaintext: only a mark makes a ciphertext. */
  MIXED,
  /** Not on LiteLLM's list, found by search. */
  UNLISTED,
  /** Records of work and history. Callers write them, so nothing in them may stop a rotation. */
  RECORD,
  /**
   * One row or more per request, never decrypted by LiteLLM: not searched. They hold no value but
   * what a caller pasted, and there are millions of them.
   */
  TRAFFIC;

  /** Rows of LiteLLM_Config that LiteLLM stores in clear. */
  private static final Set<String> CLEAR_CONFIG_ROWS =
      Set.of("general_settings", "litellm_settings");

  /**
   * LiteLLM's list of encrypted columns (litellm/proxy/db/master_key_migration.py of 1.108.4: 21
   * columns in 18 tables) and the vector stores, which LiteLLM encrypts and does not list.
   */
  private static final Map<String, Map<String, ColumnRole>> LISTED =
      Map.ofEntries(
          Map.entry("LiteLLM_ProxyModelTable", Map.of("litellm_params", EVERY_STRING)),
          Map.entry("LiteLLM_CredentialsTable", Map.of("credential_values", EVERY_STRING)),
          Map.entry("LiteLLM_Config", Map.of("param_value", EVERY_STRING)),
          Map.entry("LiteLLM_GuardrailsTable", Map.of("litellm_params", MIXED)),
          Map.entry("LiteLLM_SSOConfig", Map.of("sso_settings", EVERY_STRING)),
          Map.entry("LiteLLM_CacheConfig", Map.of("cache_settings", EVERY_STRING)),
          Map.entry("LiteLLM_ConfigOverrides", Map.of("config_value", EVERY_STRING)),
          Map.entry(
              "LiteLLM_MCPServerTable",
              Map.of(
                  "credentials", EVERY_STRING,
                  "static_headers", MIXED,
                  "env_vars", MIXED,
                  "env", MIXED)),
          Map.entry("LiteLLM_MCPServerOAuthClient", Map.of("credentials", EVERY_STRING)),
          Map.entry("LiteLLM_MCPUserCredentials", Map.of("credential_b64", EVERY_STRING)),
          Map.entry("LiteLLM_MCPUserEnvVars", Map.of("values_b64", EVERY_STRING)),
          Map.entry("LiteLLM_SSOIdentityAssertion", Map.of("assertion_b64", EVERY_STRING)),
          Map.entry("LiteLLM_SearchToolsTable", Map.of("litellm_params", EVERY_STRING)),
          Map.entry("LiteLLM_ManagedVectorStoresTable", Map.of("litellm_params", MIXED)),
          Map.entry("LiteLLM_TeamTable", Map.of("metadata", MIXED)),
          Map.entry("LiteLLM_VerificationToken", Map.of("metadata", MIXED)),
          Map.entry("LiteLLM_UserTable", Map.of("metadata", MIXED)),
          Map.entry("LiteLLM_DeletedTeamTable", Map.of("metadata", MIXED)),
          Map.entry("LiteLLM_DeletedVerificationToken", Map.of("metadata", MIXED)));

  /**
   * Every request reads them and spend is written to them all the time: never locked as a whole.
   */
  private static final Set<String> HOT =
      Set.of("LiteLLM_TeamTable", "LiteLLM_VerificationToken", "LiteLLM_UserTable");

  /** Old instances write them when a key or team is deleted, and read them never. */
  private static final Set<String> GRAVES =
      Set.of("LiteLLM_DeletedTeamTable", "LiteLLM_DeletedVerificationToken");

  private static final Set<String> RECORD_TABLES =
      Set.of(
          "LiteLLM_AuditLog",
          "LiteLLM_ManagedFileTable",
          "LiteLLM_ManagedObjectTable",
          "LiteLLM_MemoryTable",
          "LiteLLM_BackgroundInteractionSettlement");

  private static final Set<String> RECORD_FAMILIES =
      Set.of(
          "LiteLLM_Lens",
          "LiteLLM_Workflow",
          "LiteLLM_AdaptiveRouter",
          "LiteLLM_AutoRouter",
          "LiteLLM_ShadowEval");

  private static final Set<String> TRAFFIC_FAMILIES =
      Set.of(
          "LiteLLM_SpendLog",
          "LiteLLM_ErrorLogs",
          "LiteLLM_Daily",
          "LiteLLM_HealthCheckTable",
          "LiteLLM_TelemetryReport");

  static ColumnRole of(String table, String column) {
    ColumnRole listed = LISTED.getOrDefault(table, Map.of()).get(column);
    if (listed != null) {
      return listed;
    }
    if (TRAFFIC_FAMILIES.stream().anyMatch(table::startsWith)) {
      return TRAFFIC;
    }
    return RECORD_TABLES.contains(table) || RECORD_FAMILIES.stream().anyMatch(table::startsWith)
        ? RECORD
        : UNLISTED;
  }

  /** Whether the table holds nothing but records of traffic. */
  static boolean isTraffic(String table) {
    return !LISTED.containsKey(table) && TRAFFIC_FAMILIES.stream().anyMatch(table::startsWith);
  }

  /** Whether LiteLLM's own list has the column. */
  boolean listed() {
    return this == EVERY_STRING || this == MIXED;
  }

  /** The role within one row; {@code rowId} is the JSON array of the primary key. */
  ColumnRole inRow(String table, String rowId) {
    return table.equals(Catalog.CONFIG)
            && CLEAR_CONFIG_ROWS.stream().anyMatch(row -> rowId.equals("[\"" + row + "\"]"))
        ? MIXED
        : this;
  }

  /** Whether the table has a column on the list. */
  static boolean isListed(String table) {
    return LISTED.containsKey(table);
  }

  /** Whether writes to the whole table are held back while it is re-encrypted. */
  static boolean lockable(String table) {
    return LISTED.containsKey(table) && !HOT.contains(table);
  }

  /** Whether the fence holds old instances off the table. */
  static boolean fenceable(String table) {
    return lockable(table) && !GRAVES.contains(table);
  }
}
