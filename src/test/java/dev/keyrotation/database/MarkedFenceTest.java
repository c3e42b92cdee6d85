package dev.keyrotation.database;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.keyrotation.api.v1alpha1.Direction;
import dev.keyrotation.database.RotationDatabase.Reencryption;
import dev.keyrotation.key.KeyMaterial;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Instances told apart by {@code application_name}, before and behind a real PgBouncer. */
class MarkedFenceTest {
  private static final KeyMaterial OLD = KeyMaterial.of("sk-canary-old-salt");
  private static final KeyMaterial NEW = KeyMaterial.of("sk-canary-new-salt");
  private static final DatabaseOwner OWNER = TestDatabase.owner("ai/litellm");
  private static final String ID = "litellm-r4";
  private static final String MARK = "keyrotation-r4-1c0ffee5";
  private static final String MODELS = "SELECT count(*) FROM \"LiteLLM_ProxyModelTable\"";
  private static final String PRISTINE =
      "SELECT count(*) FROM pg_class c WHERE relrowsecurity OR relforcerowsecurity OR EXISTS"
          + " (SELECT FROM pg_policy p WHERE p.polrelid = c.oid)";

  private static TestDatabase withModel() {
    TestDatabase database = LiteLlmServer.database(LiteLlmServer.NEWEST);
    database.model("m1", Map.of("model", LiteLlmCipher.seal(OLD, "gpt-4o")));
    return database;
  }

  private static void fence(RotationDatabase database, Direction direction, String mark) {
    boolean forward = direction == Direction.FORWARD;
    database.reencrypt(
        new Reencryption(
            OWNER,
            ID,
            direction,
            forward ? OLD : NEW,
            forward ? NEW : OLD,
            Duration.ofSeconds(60),
            Set.of(),
            mark,
            true),
        progress -> {});
  }

  private static String ask(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(sql)) {
      row.next();
      return row.getString(1);
    }
  }

  private static void assertFencedOff(Connection instance) {
    assertThatThrownBy(() -> ask(instance, MODELS))
        .isInstanceOfSatisfying(
            SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("55000"))
        .hasMessageContaining("previous encryption key and is being replaced");
  }

  /** A connection as Prisma makes it: the name is in the first packet. */
  private static Connection instance(TestDatabase database, int port, String name)
      throws SQLException {
    Properties properties = new Properties();
    properties.setProperty("user", "litellm");
    properties.setProperty("password", LiteLlmServer.PASSWORD);
    properties.setProperty("assumeMinServerVersion", "12");
    if (!name.isEmpty()) {
      properties.setProperty("ApplicationName", name);
    }
    return DriverManager.getConnection(
        LiteLlmServer.jdbc(port, database.value("SELECT current_database()")), properties);
  }

  @Test
  void onlySessionsWithTheMarkAreLetThroughUntilTheFenceIsGoneWithoutTrace() throws SQLException {
    TestDatabase database = withModel();
    Fence fence = database.open().fence();
    assertThat(fence.checkMarks()).isEqualTo(new Fence.Check.Possible());
    try (Connection before = database.litellm("prisma");
        Connection after = database.litellm(MARK);
        Connection earlier = database.litellm("keyrotation-r3-0badcafe")) {
      assertThat(fence.mark(ID)).isNull();

      fence(database.open(), Direction.FORWARD, MARK);

      assertThat(fence.mark(ID)).isEqualTo(MARK);
      assertThat(fence.standing(OWNER)).containsExactly(ID);
      assertFencedOff(before);
      assertFencedOff(earlier);
      assertThat(ask(after, MODELS)).isEqualTo("1");
      assertThat(ask(before, "SELECT count(*) FROM \"LiteLLM_VerificationToken\"")).isEqualTo("0");
      assertThat(database.open().valuesUnder(NEW)).isEqualTo(1);

      fence.shrink(OWNER, ID, Set.of());

      assertThat(ask(before, MODELS)).isEqualTo("1");
      assertThat(fence.mark(ID)).isNull();
      assertThat(fence.standing(OWNER)).isEmpty();
      assertThat(database.value(PRISTINE)).isEqualTo("0");
    }
  }

  @Test
  void readersWithOtherRolesAreLetThrough() throws SQLException {
    TestDatabase database = withModel();
    database.run("DROP ROLE IF EXISTS analyst");
    database.run("CREATE ROLE analyst LOGIN");
    database.run("GRANT SELECT ON \"LiteLLM_ProxyModelTable\" TO analyst");

    fence(database.open(), Direction.FORWARD, MARK);

    try (Connection analyst =
        DriverManager.getConnection(
            LiteLlmServer.jdbc(database.port(), database.value("SELECT current_database()")),
            "analyst",
            "")) {
      assertThat(ask(analyst, MODELS)).isEqualTo("1");
    }
    database.run("DROP OWNED BY analyst");
    database.run("DROP ROLE analyst");
  }

  @Test
  void theWayBackLetsThroughItsOwnMarkOnlyOrEverybody() throws SQLException {
    TestDatabase database = withModel();
    fence(database.open(), Direction.FORWARD, MARK);
    try (Connection newInstance = database.litellm(MARK);
        Connection restarted = database.litellm("keyrotation-r4-back-1c0ffee5")) {

      fence(database.open(), Direction.ROLL_BACK, "keyrotation-r4-back-1c0ffee5");

      assertFencedOff(newInstance);
      assertThat(ask(restarted, MODELS)).isEqualTo("1");
    }

    TestDatabase other = withModel();
    fence(other.open(), Direction.FORWARD, MARK);
    fence(other.open(), Direction.ROLL_BACK, null);

    assertThat(other.value(PRISTINE)).isEqualTo("0");
    assertThat(other.open().valuesUnder(OLD)).isEqualTo(1);
  }

  @Test
  void behindAPoolerInSessionModeMarksArriveAndAFreedSessionDoesNotKeepOne(@TempDir Path directory)
      throws SQLException {
    TestDatabase database = withModel();
    try (Pooler pooler = new Pooler(database, directory, "pool_mode = session")) {
      RotationDatabase pooled =
          TestDatabase.open(database.url(pooler.port()) + "&application_name=x", "public");
      assertThat(pooled.fence().checkMarks()).isEqualTo(new Fence.Check.Possible());

      fence(pooled, Direction.FORWARD, MARK);

      try (Connection marked = instance(database, pooler.port(), MARK)) {
        assertThat(ask(marked, MODELS)).isEqualTo("1");
        assertThat(pooled.otherSessions())
            .extracting(RotationDatabase.Session::application)
            .contains(MARK);
      }
      for (String name : new String[] {"", "prisma", "keyrotation-r3-0badcafe"}) {
        try (Connection old = instance(database, pooler.port(), name)) {
          assertFencedOff(old); // in the session that the marked one has given back
        }
      }
      assertThat(pooled.valuesUnder(NEW)).isEqualTo(1);
      pooled.fence().shrink(OWNER, ID, Set.of());
      assertThat(database.value(PRISTINE)).isEqualTo("0");
    }
  }

  @Test
  void poolerThatChangesNamesIsFoundOut(@TempDir Path directory) {
    TestDatabase database = withModel();
    try (Pooler pooler =
        new Pooler(database, directory, "pool_mode = session", "application_name_add_host = 1")) {
      RotationDatabase pooled = TestDatabase.open(database.url(pooler.port()), "public");

      assertThat(pooled.fence().checkMarks())
          .isInstanceOfSatisfying(
              Fence.Check.Impossible.class,
              check -> assertThat(check.why()).contains("application_name", "pooler"));
    }
  }

  @Test
  void poolerInTransactionModeAsTheUrlTellsIsNotTrusted() {
    TestDatabase database = withModel();
    RotationDatabase pooled = TestDatabase.open(database.url() + "&pgbouncer=true", "public");

    assertThat(pooled.fence().checkMarks().toString()).contains("transaction mode");
  }
}
