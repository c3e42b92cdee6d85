package dev.keyrotation.database;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.api.v1alpha1.Direction;
import dev.keyrotation.database.RotationDatabase.ColumnCount;
import dev.keyrotation.database.RotationDatabase.Finding;
import dev.keyrotation.database.RotationDatabase.Report;
import dev.keyrotation.failure.RotationException;
import dev.keyrotation.key.KeyMaterial;
import dev.keyrotation.key.KeySet;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What preflight learns from a real database. */
class InspectionTest {
  private static final KeyMaterial MASTER = KeyMaterial.of("sk-canary-master");
  private static final KeyMaterial SALT = KeyMaterial.of("sk-canary-salt");
  private static final KeySet KEYS = new KeySet(MASTER, SALT);

  static List<String> versions() {
    return LiteLlmServer.VERSIONS;
  }

  private static Report inspect(TestDatabase database) {
    return database.open().inspect(TestDatabase.owner("ai/litellm"), KEYS);
  }

  private static String sealed(String text) {
    return LiteLlmCipher.seal(SALT, text);
  }

  @ParameterizedTest
  @MethodSource("versions")
  void countsValuesByColumnAndWritesNothing(String version) {
    TestDatabase database = LiteLlmServer.database(version);
    database.model("m1", Map.of("model", sealed("gpt-4o"), "api_key", sealed("sk-provider")));
    database.config("environment_variables", Map.of("A", sealed("a")));
    database.run(
        "INSERT INTO \"LiteLLM_AuditLog\" (id, changed_by, action, table_name, object_id,"
            + " before_value) VALUES ('a', 'me', 'updated', 't', 'o', ?::jsonb)",
        TestDatabase.json(Map.of("content", sealed("history"))));
    database.token(MASTER.tokenHash(), null, "default_user_id");
    String before = database.digest();

    Report report = inspect(database);

    assertThat(report.findings()).isEmpty();
    assertThat(report.values()).isEqualTo(4);
    assertThat(report.columns())
        .containsExactlyInAnyOrder(
            new ColumnCount("LiteLLM_ProxyModelTable", "litellm_params", 2, true),
            new ColumnCount("LiteLLM_Config", "param_value", 1, true),
            new ColumnCount("LiteLLM_AuditLog", "before_value", 1, false));
    assertThat(report.masterKeyRows()).isEqualTo(1);
    assertThat(database.digest()).isEqualTo(before);
    assertThat(database.value("SELECT to_regnamespace('keyrotation') IS NULL")).isEqualTo("t");
  }

  @Test
  void tellsTheTimeOfItsOwnClock() {
    assertThat(LiteLlmServer.database(LiteLlmServer.NEWEST).open().clock())
        .isCloseTo(
            Clock.systemUTC().instant(), within(1, ChronoUnit.MINUTES)); // both are this machine's
  }

  @Test
  void namesTableColumnAndRowOfWhatCannotBeRead() {
    TestDatabase database = LiteLlmServer.database(LiteLlmServer.NEWEST);
    database.model("m1", Map.of("model", sealed("gpt-4o")));
    database.model("m2", Map.of("model", LiteLlmCipher.seal(MASTER, "lost")));
    database.model("m3", Map.of("model", "v8:gcm:" + "B".repeat(50)));
    String token = KeyMaterial.of("sk-someone").tokenHash();
    database.token(token, "a", "u");
    database.run(
        "UPDATE \"LiteLLM_VerificationToken\" SET metadata = '{\"a\": \"litellm_enc::AAAA\"}'");

    List<Finding> findings = inspect(database).findings();

    assertThat(findings)
        .extracting(Finding::reason)
        .containsExactlyInAnyOrder(
            ConditionReason.VALUE_UNREADABLE,
            ConditionReason.VALUE_FORMAT_UNKNOWN,
            ConditionReason.VALUE_UNREADABLE);
    assertThat(findings.toString())
        .contains("LiteLLM_ProxyModelTable.litellm_params (model_id m2)")
        .contains("model_id m3")
        .contains("LiteLLM_VerificationToken.metadata (token " + token.substring(0, 8))
        .doesNotContain(token)
        .doesNotContain("AAAA")
        .doesNotContain("BBBB");
  }

  @Test
  void ordinaryTextBlocksNothing() {
    TestDatabase database = LiteLlmServer.database(LiteLlmServer.NEWEST);
    database.model(
        "m1",
        Map.of(
            "model", sealed("gpt-4o"),
            "api_base", "https://my-resource.openai.azure.com/openai/deployments/gpt-4o-mini",
            "id", "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881",
            "api_key", "sk-proj-0aB1cD2eF3gH4iJ5kL6mN7oP8qR9sT0uV1wX2yZ3aB4cD5eF6gH7iJ8kL9mN0oP1"));
    database.config(
        "general_settings",
        Map.of(
            "storage_key",
            "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="));
    database.run(
        "INSERT INTO \"LiteLLM_AuditLog\" (id, changed_by, action, table_name, object_id,"
            + " before_value) VALUES ('a', 'me', 'updated', 't', 'o', ?::jsonb)",
        TestDatabase.json(Map.of("content", LiteLlmCipher.seal(MASTER, "a caller's joke"))));

    Report report = inspect(database);

    assertThat(report.findings()).isEmpty();
    assertThat(report.warnings())
        .anyMatch(w -> w.contains("LiteLLM_AuditLog.before_value"))
        .anyMatch(w -> w.contains("LiteLLM_Config.param_value"));
  }

  @Test
  void aWrongKeyIsToldOnce() {
    TestDatabase database = LiteLlmServer.database(LiteLlmServer.NEWEST);
    for (int i = 0; i < 30; i++) {
      database.model("m" + i, Map.of("model", LiteLlmCipher.seal(MASTER, "gpt-4o")));
    }

    assertThat(inspect(database).findings())
        .singleElement()
        .satisfies(
            finding -> {
              assertThat(finding.reason()).isEqualTo(ConditionReason.WRONG_ENCRYPTION_KEY);
              assertThat(finding.message()).contains("30 look encrypted");
            });
  }

  @Test
  void longListsOfFindingsAreCutShort() {
    TestDatabase database = LiteLlmServer.database(LiteLlmServer.NEWEST);
    database.model("m", Map.of("model", sealed("gpt-4o")));
    for (int i = 0; i < 30; i++) {
      database.model("m" + i, Map.of("model", LiteLlmCipher.seal(MASTER, "gpt-4o")));
    }

    assertThat(inspect(database).findings())
        .hasSize(11)
        .last()
        .satisfies(finding -> assertThat(finding.message()).startsWith("20 more"));
  }

  @Test
  void keysInTheConfigurationTableBlock() {
    TestDatabase database = LiteLlmServer.database(LiteLlmServer.NEWEST);
    database.config("environment_variables", Map.of("litellm_salt_key", sealed("x"), "OTHER", "y"));
    database.config("general_settings", TestDatabase.json(Map.of("master_key", "sk-canary-other")));

    List<Finding> findings = inspect(database).findings();

    assertThat(findings)
        .hasSize(2)
        .allMatch(f -> f.reason() == ConditionReason.WORKLOAD_DOES_NOT_READ_SECRET);
    assertThat(findings.toString())
        .contains("litellm_salt_key")
        .contains("master_key")
        .doesNotContain("canary");
  }

  @Test
  void aSchemaWithoutLiteLlmIsToldAsSuch() {
    TestDatabase database = LiteLlmServer.database(LiteLlmServer.NEWEST);

    Report report =
        TestDatabase.open(database.url(), "elsewhere").inspect(TestDatabase.owner("ai/x"), KEYS);

    assertThat(report.findings())
        .singleElement()
        .satisfies(f -> assertThat(f.reason()).isEqualTo(ConditionReason.DATABASE_NOT_LITELLM));
  }

  @Test
  void anotherOwnerBlocks() {
    TestDatabase database = LiteLlmServer.database(LiteLlmServer.NEWEST);
    database
        .open()
        .reencrypt(
            new RotationDatabase.Reencryption(
                TestDatabase.owner("ai/first"),
                "first-r1",
                Direction.FORWARD,
                SALT,
                MASTER,
                Duration.ofSeconds(30)),
            progress -> {});

    assertThat(inspect(database).findings())
        .singleElement()
        .satisfies(
            f -> {
              assertThat(f.reason()).isEqualTo(ConditionReason.DATABASE_OWNED_BY_OTHER);
              assertThat(f.message()).contains("ai/first");
            });
  }

  @Test
  void missingPrivilegesAreToldWithTheGrant() {
    TestDatabase database = LiteLlmServer.database(LiteLlmServer.NEWEST);
    database.run(
        "REVOKE CREATE ON DATABASE "
            + database.value("SELECT current_database()")
            + " FROM litellm, PUBLIC");
    database.run("REASSIGN OWNED BY litellm TO postgres");
    database.run("REVOKE ALL ON ALL TABLES IN SCHEMA public FROM litellm");
    database.run("GRANT SELECT ON ALL TABLES IN SCHEMA public TO litellm");
    database.run("REVOKE SELECT ON \"LiteLLM_TagTable\" FROM litellm");

    List<Finding> findings = inspect(database).findings();

    assertThat(findings).allMatch(f -> f.reason() == ConditionReason.DATABASE_ACCESS_DENIED);
    assertThat(findings.toString())
        .contains("GRANT SELECT ON \"public\".\"LiteLLM_TagTable\" TO litellm;")
        .contains("GRANT UPDATE ON ")
        .contains("GRANT INSERT ON ", "GRANT DELETE ON ")
        .contains("CREATE SCHEMA IF NOT EXISTS keyrotation AUTHORIZATION litellm;");
  }

  @Test
  void aReadOnlyRoleBlocks() {
    TestDatabase database = LiteLlmServer.database(LiteLlmServer.NEWEST);
    database.run(
        "ALTER ROLE litellm IN DATABASE "
            + database.value("SELECT current_database()")
            + " SET default_transaction_read_only = on");

    assertThat(inspect(database).findings())
        .singleElement()
        .satisfies(f -> assertThat(f.reason()).isEqualTo(ConditionReason.DATABASE_ACCESS_DENIED));
  }

  @Test
  void seesSessionsOfTheRoleButNotItsOwn() throws SQLException {
    TestDatabase database = LiteLlmServer.database(LiteLlmServer.NEWEST);
    try (Connection prisma = database.litellm("prisma");
        Connection ours = database.litellm("keyrotation");
        Connection superuser = database.admin()) {
      assertThat(database.open().otherSessions())
          .singleElement()
          .satisfies(
              session -> {
                assertThat(session.application()).isEqualTo("prisma");
                assertThat(session.client()).isIn("127.0.0.1", "::1");
              });
      assertThat(ours.isClosed() || superuser.isClosed() || prisma.isClosed()).isFalse();
    }
  }

  @Test
  void aRefusedLoginAndADeadServerAreToldApartWithoutThePassword() {
    TestDatabase database = LiteLlmServer.database(LiteLlmServer.NEWEST);
    String wrong = database.url().replace("//litellm:", "//stranger:");
    String dead = database.url().replaceFirst("localhost:\\d+", "localhost:1");

    assertThatThrownBy(
            () -> TestDatabase.open(wrong, "public").inspect(TestDatabase.owner("ai/x"), KEYS))
        .isInstanceOfSatisfying(
            RotationException.class,
            e -> assertThat(e.reason()).isEqualTo(ConditionReason.DATABASE_ACCESS_DENIED))
        .hasNoCause()
        .message()
        .doesNotContain("canary");
    assertThatThrownBy(
            () -> TestDatabase.open(dead, "public").inspect(TestDatabase.owner("ai/x"), KEYS))
        .isInstanceOfSatisfying(
            RotationException.class,
            e -> assertThat(e.reason()).isEqualTo(ConditionReason.DATABASE_UNAVAILABLE))
        .hasNoCause()
        .message()
        .doesNotContain("canary");
  }
}
