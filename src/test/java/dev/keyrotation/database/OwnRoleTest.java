package dev.keyrotation.database;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.api.v1alpha1.Direction;
import dev.keyrotation.api.v1alpha1.MasterKeyRowPolicy;
import dev.keyrotation.database.RotationDatabase.Reencryption;
import dev.keyrotation.failure.RotationException;
import dev.keyrotation.key.KeyMaterial;
import dev.keyrotation.key.KeySet;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A role of its own with exactly the printed statements, where nobody else has any right. */
class OwnRoleTest {
  private static final DatabaseOwner OWNER = TestDatabase.owner("ai/litellm");
  private static final KeyMaterial OLD = KeyMaterial.of("sk-canary-old-salt");
  private static final KeyMaterial NEW = KeyMaterial.of("sk-canary-new-salt");
  private static final KeyMaterial OLD_MASTER = KeyMaterial.of("sk-canary-old-master");
  private static final KeyMaterial NEW_MASTER = KeyMaterial.of("sk-canary-new-master");
  private static final Instant SOON = Instant.parse("2030-01-01T00:00:00Z");
  private static final AtomicInteger NUMBER = new AtomicInteger();

  static List<String> versions() {
    return LiteLlmServer.VERSIONS;
  }

  /** LiteLLM's role and ours, of which ours may log in and nothing else yet. */
  private static final class Scene {
    final TestDatabase database;
    final String role = "own role " + NUMBER.incrementAndGet();

    Scene(String version) {
      database = LiteLlmServer.database(version);
      administrator(
          "REVOKE ALL ON DATABASE "
              + database.value("SELECT current_database()")
              + " FROM PUBLIC; REVOKE ALL ON SCHEMA public FROM PUBLIC;"
              + " GRANT USAGE, CREATE ON SCHEMA public TO litellm; CREATE ROLE \""
              + role
              + "\" LOGIN PASSWORD 'canary'");
      fill();
    }

    /** A value where only the value asks for the right to change it, and references to a key. */
    private void fill() {
      String sealed = LiteLlmCipher.seal(OLD, "a secret");
      database.model("m1", Map.of("model", sealed));
      database.run(
          "INSERT INTO \"LiteLLM_TeamTable\" (team_id, metadata, updated_at) VALUES ('t',"
              + " ?::jsonb, now())",
          TestDatabase.json(Map.of("logging", sealed)));
      database.run(
          "INSERT INTO \"LiteLLM_UserTable\" (user_id, metadata) VALUES ('u', ?::jsonb)",
          TestDatabase.json(Map.of("logging", sealed)));
      database.run(
          "INSERT INTO \"LiteLLM_MCPServerTable\" (server_id, url, credentials, updated_at) VALUES"
              + " ('s', 'http://s', ?::jsonb, now())",
          TestDatabase.json(Map.of("auth_value", sealed)));
      database.token(OLD_MASTER.tokenHash(), null, null);
      if (database.hasColumn("LiteLLM_JWTKeyMapping", "token")) {
        database.run(
            "INSERT INTO \"LiteLLM_JWTKeyMapping\" (id, jwt_claim_name, jwt_claim_value, token,"
                + " created_by, updated_by, updated_at) VALUES ('j', 'a', 'b', ?, 'me', 'me',"
                + " now())",
            OLD_MASTER.tokenHash());
      }
      if (database.hasColumn(KeyReferences.DEPRECATED, "active_token_id")) {
        database.run(
            "INSERT INTO \"LiteLLM_DeprecatedVerificationToken\" (id, token, active_token_id,"
                + " revoke_at) VALUES ('d1', 'older', ?, now()), ('d2', ?, 'newer', now())",
            OLD_MASTER.tokenHash(),
            OLD_MASTER.tokenHash());
      }
    }

    List<String> printed(boolean fence) {
      return database.open().grants(role, fence);
    }

    Scene granted(boolean fence) {
      administrator(String.join(";", printed(fence)));
      return this;
    }

    void administrator(String statement) {
      try (Connection connection = database.admin();
          Statement sql = connection.createStatement()) {
        sql.execute(statement);
      } catch (SQLException e) {
        throw new IllegalStateException(statement, e);
      }
    }

    RotationDatabase open() {
      return TestDatabase.open(
          database.url().replaceFirst("//.*@", "//" + role.replace(" ", "%20") + ":canary@"),
          "public");
    }
  }

  private static void reencrypt(RotationDatabase database, String id, Direction way, String... f) {
    boolean forward = way == Direction.FORWARD;
    database.reencrypt(
        new Reencryption(
            OWNER,
            id,
            way,
            forward ? OLD : NEW,
            forward ? NEW : OLD,
            Duration.ofMinutes(1),
            Set.of(f)),
        progress -> {});
  }

  /** The whole of a rotation and its roll back, with everything that a rotation can come to. */
  private static void rotate(RotationDatabase database, String id, MasterKeyRowPolicy policy) {
    database.claim(OWNER);
    assertThat(database.otherSessions()).isNotEmpty();
    database.openGrace(OWNER, id, Map.of(OLD_MASTER, SOON, NEW_MASTER, SOON));
    database.openGrace(OWNER, id, Map.of(NEW_MASTER, SOON.plusSeconds(1)));
    reencrypt(database, id, Direction.FORWARD);
    assertThat(database.journal(id, Direction.FORWARD, NEW))
        .isInstanceOf(RotationDatabase.Journal.Committed.class);
    assertThat(database.valuesUnder(NEW)).isEqualTo(4);
    database.fence().sweep(OWNER, id, Direction.FORWARD, OLD, NEW);
    database.moveMasterKeyRows(OWNER, id, Direction.FORWARD, OLD_MASTER, NEW_MASTER, policy);
    database.endSessions(OWNER, id);
    database.adminsSince(SOON, NEW_MASTER);
    reencrypt(database, id, Direction.ROLL_BACK);
    database.moveMasterKeyRows(OWNER, id, Direction.ROLL_BACK, NEW_MASTER, OLD_MASTER, policy);
    assertThat(database.valuesUnder(OLD)).isEqualTo(4);
    database.retire(OWNER, id);
    database.release(OWNER);
  }

  private static void rotateBothWays(RotationDatabase database) {
    rotate(database, "litellm-r2", MasterKeyRowPolicy.MOVE);
    rotate(database, "litellm-r3", MasterKeyRowPolicy.REMOVE);
  }

  @ParameterizedTest
  @MethodSource("versions")
  void roleWithThePrintedStatementsRotatesAndGoesBack(String version) throws SQLException {
    Scene scene = new Scene(version).granted(false);
    try (Connection litellm = scene.database.litellm("prisma")) {
      RotationDatabase.Report report = scene.open().inspect(OWNER, new KeySet(OLD_MASTER, OLD));

      rotateBothWays(scene.open());

      assertThat(litellm.isValid(5)).isTrue();
      assertThat(report.findings()).isEmpty();
      assertThat(scene.open().fence().check().toString()).contains("does not own");
    }
  }

  /** Preflight tells it, and if it did not, the rotation would fail. */
  @Test
  void everyStatementIsNeeded() throws SQLException {
    Scene scene = new Scene(LiteLlmServer.NEWEST);
    List<String> printed = scene.printed(false);
    List<String> superfluous = new ArrayList<>();
    List<String> unnoticed = new ArrayList<>();
    scene.granted(false);
    for (int i = 0; i < printed.size(); i++) {
      scene.administrator(undone(printed.get(i)));
      if (!finds(scene)) {
        unnoticed.add(printed.get(i));
      }
      String before = scene.database.digest();
      if (rotates(scene)) {
        superfluous.add(printed.get(i));
      }
      if (scene.database.digest().equals(before)) {
        scene.administrator(printed.get(i));
      } else {
        scene = new Scene(LiteLlmServer.NEWEST).granted(false);
        printed = scene.printed(false);
      }
    }

    assertThat(superfluous).isEmpty();
    assertThat(unnoticed).isEmpty();
  }

  private static String undone(String statement) {
    return statement.startsWith("CREATE SCHEMA")
        ? "DROP SCHEMA keyrotation CASCADE"
        : statement.replaceFirst("^GRANT", "REVOKE").replace(" TO \"", " FROM \"");
  }

  private static boolean finds(Scene scene) {
    try {
      return !scene.open().inspect(OWNER, new KeySet(OLD_MASTER, OLD)).findings().isEmpty();
    } catch (RotationException e) {
      return true;
    }
  }

  private static boolean rotates(Scene scene) throws SQLException {
    try (Connection litellm = scene.database.litellm("prisma")) {
      rotateBothWays(scene.open());
      return litellm.isValid(5);
    } catch (RotationException | AssertionError e) {
      return false;
    }
  }

  @Test
  void memberOfTheOwnerSetsTheFence() throws SQLException {
    Scene scene = new Scene(LiteLlmServer.NEWEST).granted(true);
    try (Connection litellm = scene.database.litellm("prisma")) {
      RotationDatabase database = scene.open();
      assertThat(database.inspect(OWNER, new KeySet(OLD_MASTER, OLD)).findings()).isEmpty();
      assertThat(database.fence().check()).isEqualTo(new Fence.Check.Possible());

      reencrypt(database, "litellm-r1", Direction.FORWARD, "127.0.0.1", "::1");

      assertThatThrownBy(() -> litellm.createStatement().execute("TABLE \"LiteLLM_Config\""))
          .isInstanceOf(SQLException.class)
          .hasMessageContaining("still holds the previous encryption key");
      database.fence().shrink(OWNER, "litellm-r1", Set.of());
      assertThatCode(() -> litellm.createStatement().execute("TABLE \"LiteLLM_Config\""))
          .doesNotThrowAnyException();
      reencrypt(database, "litellm-r1", Direction.ROLL_BACK);
      rotateBothWays(database);
    }
    assertThat(scene.printed(true)).hasSize(1);
    scene.administrator(undone(scene.printed(true).getFirst()));
    assertThat(finds(scene)).isTrue();
  }

  @Test
  void takesOverTheSchemaThatLiteLlmsRoleMade() throws SQLException {
    Scene scene = new Scene(LiteLlmServer.NEWEST);
    RotationDatabase before = scene.database.open();
    before.claim(OWNER);
    reencrypt(before, "litellm-r1", Direction.FORWARD);

    scene.granted(false);

    reencrypt(scene.open(), "litellm-r1", Direction.ROLL_BACK);
    assertThat(scene.open().valuesUnder(OLD)).isEqualTo(4);
    assertThat(scene.printed(false)).noneMatch(statement -> statement.startsWith("ALTER"));
  }

  @Test
  void tellsWhenTheSchemaHoldsNoLiteLlm() {
    TestDatabase database = LiteLlmServer.database(LiteLlmServer.NEWEST);

    assertThatThrownBy(() -> TestDatabase.open(database.url(), "elsewhere").grants("r", false))
        .isInstanceOfSatisfying(
            RotationException.class,
            e -> assertThat(e.reason()).isEqualTo(ConditionReason.DATABASE_NOT_LITELLM));
  }
}
