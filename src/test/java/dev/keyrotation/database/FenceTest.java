package dev.keyrotation.database;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.api.v1alpha1.DataCounts;
import dev.keyrotation.api.v1alpha1.Direction;
import dev.keyrotation.database.RotationDatabase.Journal;
import dev.keyrotation.database.RotationDatabase.Reencryption;
import dev.keyrotation.failure.Recovery;
import dev.keyrotation.failure.RotationException;
import dev.keyrotation.key.KeyMaterial;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Old instances held off by address. In the tests they and new ones differ by loopback address. */
class FenceTest {
  private static final KeyMaterial OLD = KeyMaterial.of("sk-canary-old-salt");
  private static final KeyMaterial NEW = KeyMaterial.of("sk-canary-new-salt");
  private static final DatabaseOwner OWNER = TestDatabase.owner("ai/litellm");
  private static final String ID = "litellm-r4";
  private static final String MODELS = "SELECT count(*) FROM \"LiteLLM_ProxyModelTable\"";
  private static final String PRISTINE =
      "SELECT count(*) FROM pg_class c WHERE relrowsecurity OR relforcerowsecurity OR EXISTS"
          + " (SELECT FROM pg_policy p WHERE p.polrelid = c.oid)";

  static List<String> versions() {
    return LiteLlmServer.VERSIONS;
  }

  /** The address that connections to {@code localhost} come from. */
  private static String here(TestDatabase database) throws SQLException {
    try (Connection connection = database.litellm("prisma");
        Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery("SELECT host(inet_client_addr())")) {
      row.next();
      return row.getString(1);
    }
  }

  private static DataCounts forward(TestDatabase database, String... fenced) {
    return database
        .open()
        .reencrypt(
            new Reencryption(
                OWNER, ID, Direction.FORWARD, OLD, NEW, Duration.ofSeconds(60), Set.of(fenced)),
            progress -> {});
  }

  private static String ask(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(sql)) {
      row.next();
      return row.getString(1);
    }
  }

  private static TestDatabase withModel(String version) {
    TestDatabase database = LiteLlmServer.database(version);
    database.model("m1", Map.of("model", LiteLlmCipher.seal(OLD, "gpt-4o")));
    return database;
  }

  @ParameterizedTest
  @MethodSource("versions")
  void anOldInstanceCanNeitherReadNorWriteAndIsFreeAgainAfterwards(String version)
      throws SQLException {
    TestDatabase database = withModel(version);
    String before = database.value(PRISTINE);
    try (Connection instance = database.litellm("prisma")) {
      assertThat(database.open().fence().check()).isEqualTo(new Fence.Check.Possible());

      forward(database, here(database), "10.9.9.9");

      assertThat(database.open().fence().addresses(ID))
          .containsExactlyInAnyOrder(here(database), "10.9.9.9");
      assertFencedOff(instance, MODELS);
      assertFencedOff(
          instance,
          "INSERT INTO \"LiteLLM_Config\" (param_name, param_value) VALUES ('x', '{}') RETURNING"
              + " 1");
      assertThat(ask(instance, "SELECT count(*) FROM \"LiteLLM_VerificationToken\""))
          .isEqualTo("0");

      database.open().fence().shrink(OWNER, ID, Set.of("10.9.9.9"));

      assertThat(ask(instance, MODELS)).isEqualTo("1");
      assertThat(database.open().fence().addresses(ID)).containsExactly("10.9.9.9");

      database.open().fence().shrink(OWNER, ID, Set.of());

      assertThat(database.open().fence().addresses(ID)).isEmpty();
      assertThat(database.value(PRISTINE)).isEqualTo(before).isEqualTo("0");
      assertThat(ask(instance, MODELS)).isEqualTo("1");
    }
  }

  private static void assertFencedOff(Connection instance, String sql) {
    assertThatThrownBy(() -> ask(instance, sql))
        .isInstanceOfSatisfying(
            SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("55000"))
        .hasMessageContaining("previous encryption key and is being replaced")
        .hasMessageContaining("can be used again");
  }

  @Test
  void instancesAtOtherAddressesAndReadersWithOtherRolesAreLetThrough() throws SQLException {
    TestDatabase database = withModel(LiteLlmServer.NEWEST);
    database.run("DROP ROLE IF EXISTS reporter");
    database.run("CREATE ROLE reporter LOGIN");
    database.run("GRANT SELECT ON \"LiteLLM_ProxyModelTable\" TO reporter");

    forward(database, "10.9.9.9");

    try (Connection instance = database.litellm("prisma");
        Connection reporter = database.admin()) {
      assertThat(ask(instance, MODELS)).isEqualTo("1");
      try (Statement statement = reporter.createStatement()) {
        statement.execute("SET ROLE reporter");
      }
      assertThat(ask(reporter, MODELS)).isEqualTo("1");
    }
    database.run("DROP OWNED BY reporter");
    database.run("DROP ROLE reporter");
  }

  @Test
  void theFenceIsAskedOncePerStatement() throws SQLException {
    TestDatabase database = withModel(LiteLlmServer.NEWEST);
    for (int i = 0; i < 300; i++) {
      database.model("x" + i, Map.of("model", "plain"));
    }
    forward(database, "10.9.9.9");

    try (Connection instance = database.litellm("prisma")) {
      try (Statement statement = instance.createStatement();
          ResultSet row =
              statement.executeQuery("EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) " + MODELS)) {
        StringBuilder text = new StringBuilder();
        while (row.next()) {
          text.append(row.getString(1)).append('\n');
        }
        assertThat(text).contains("InitPlan").containsPattern("Result \\(actual rows=1 loops=1\\)");
      }
    }
  }

  @Test
  void theWayBackFencesTheOtherInstances() {
    TestDatabase database = withModel(LiteLlmServer.NEWEST);
    forward(database, "10.9.9.9");

    database
        .open()
        .reencrypt(
            new Reencryption(
                OWNER,
                ID,
                Direction.ROLL_BACK,
                NEW,
                OLD,
                Duration.ofSeconds(60),
                Set.of("10.8.8.8")),
            progress -> {});

    assertThat(database.open().fence().addresses(ID)).containsExactly("10.8.8.8");
    assertThat(database.open().valuesUnder(OLD)).isEqualTo(1);
  }

  @Test
  void aRotationWithoutFenceTakesALeftOverOneAway() {
    TestDatabase database = withModel(LiteLlmServer.NEWEST);
    forward(database, "10.9.9.9");

    database
        .open()
        .reencrypt(
            new Reencryption(
                OWNER, "litellm-r5", Direction.FORWARD, NEW, OLD, Duration.ofSeconds(60)),
            progress -> {});

    assertThat(database.value(PRISTINE)).isEqualTo("0");
  }

  @Test
  void aFenceThatWasLeftOverIsFoundAndRemovedWithoutTrace() {
    TestDatabase database = withModel(LiteLlmServer.NEWEST);
    Fence fence = database.open().fence();
    assertThat(fence.standing(OWNER)).isEmpty();
    forward(database, "10.9.9.9");
    assertThat(fence.standing(OWNER)).containsExactly(ID);
    assertThat(fence.standing(TestDatabase.owner("ai/other"))).isEmpty();
    database.run("DELETE FROM keyrotation.fenced");
    assertThat(fence.standing(OWNER)).containsExactly("an unknown rotation");

    fence.remove(OWNER);

    assertThat(fence.standing(OWNER)).isEmpty();
    assertThat(database.value(PRISTINE)).isEqualTo("0");
  }

  /** LiteLLM reads its models every few seconds; a fence must not make it wait. */
  @Test
  void readersOfTheModelsWaitForNoLongerThanTheCommit() throws Exception {
    TestDatabase database = LiteLlmServer.database(LiteLlmServer.NEWEST);
    database.models(6_000, Map.of("model", LiteLlmCipher.seal(OLD, "gpt-4o")));
    AtomicBoolean done = new AtomicBoolean();
    long[] longest = {0};
    long[] reads = {0};
    Thread reader =
        Thread.ofPlatform()
            .start(
                () -> {
                  try (Connection instance = database.litellm("prisma")) {
                    while (!done.get()) {
                      long begun = System.nanoTime();
                      ask(
                          instance,
                          "SELECT litellm_params FROM \"LiteLLM_ProxyModelTable\" LIMIT 1");
                      longest[0] = Math.max(longest[0], System.nanoTime() - begun);
                      reads[0]++;
                    }
                  } catch (SQLException e) {
                    throw new IllegalStateException(e);
                  }
                });

    long begun = System.nanoTime();
    DataCounts counts = forward(database, "10.9.9.9");
    Duration took = Duration.ofNanos(System.nanoTime() - begun);
    done.set(true);
    reader.join();

    Duration wait = Duration.ofNanos(longest[0]);
    System.out.println(
        "%d values re-encrypted and fenced in %d ms; longest of %d reads of the model table meanwhile: %d ms"
            .formatted(counts.valuesReencrypted(), took.toMillis(), reads[0], wait.toMillis()));
    assertThat(counts.valuesReencrypted()).isEqualTo(6_000);
    assertThat(reads[0]).isGreaterThan(10);
    assertThat(wait).isLessThan(Duration.ofSeconds(2)).isLessThan(took);
  }

  @Test
  void retiringTakesALeftOverFenceAway() {
    TestDatabase database = withModel(LiteLlmServer.NEWEST);
    forward(database, "10.9.9.9");

    database.open().retire(OWNER, ID);

    assertThat(database.value(PRISTINE)).isEqualTo("0");
  }

  @Test
  void whatOldInstancesWroteIntoSharedTablesIsSweptUp() {
    TestDatabase database = withModel(LiteLlmServer.NEWEST);
    database.token("a".repeat(64), "a key", "someone");
    forward(database, "10.9.9.9");
    database.run(
        "UPDATE \"LiteLLM_VerificationToken\" SET metadata = ?::jsonb",
        TestDatabase.json(
            Map.of("logging", List.of("litellm_enc::" + LiteLlmCipher.seal(OLD, "callback")))));
    String rest = database.digest("LiteLLM_VerificationToken.metadata");

    long swept = database.open().fence().sweep(OWNER, ID, Direction.FORWARD, OLD, NEW);

    assertThat(swept).isEqualTo(1);
    assertThat(database.open().valuesUnder(OLD)).isZero();
    assertThat(database.open().valuesUnder(NEW)).isEqualTo(2);
    assertThat(database.digest("LiteLLM_VerificationToken.metadata")).isEqualTo(rest);
    assertThat(database.open().fence().sweep(OWNER, ID, Direction.FORWARD, OLD, NEW)).isZero();
  }

  @Test
  void nothingIsSweptBeforeTheReencryptionOrAfterItWasTakenBack() {
    TestDatabase database = withModel(LiteLlmServer.NEWEST);
    Fence fence = database.open().fence();
    assertThatThrownBy(() -> fence.sweep(OWNER, ID, Direction.FORWARD, OLD, NEW))
        .isInstanceOf(RotationException.class);
    forward(database, "10.9.9.9");
    database
        .open()
        .reencrypt(
            new Reencryption(OWNER, ID, Direction.ROLL_BACK, NEW, OLD, Duration.ofSeconds(60)),
            progress -> {});

    assertThatThrownBy(() -> fence.sweep(OWNER, ID, Direction.FORWARD, OLD, NEW))
        .isInstanceOf(RotationException.class);
    assertThat(database.open().valuesUnder(OLD)).isEqualTo(1);
  }

  /** Spend is written to keys all the time; that must not disturb the re-encryption. */
  @Test
  void spendWrittenMeanwhileIsKept() {
    TestDatabase database = withModel(LiteLlmServer.NEWEST);
    database.token("a".repeat(64), "a key", "someone");
    database.run(
        "UPDATE \"LiteLLM_VerificationToken\" SET metadata = ?::jsonb",
        TestDatabase.json(Map.of("k", "litellm_enc::" + LiteLlmCipher.seal(OLD, "callback"))));
    AtomicBoolean spent = new AtomicBoolean();

    DataCounts counts =
        database
            .open()
            .reencrypt(
                new Reencryption(
                    OWNER,
                    ID,
                    Direction.FORWARD,
                    OLD,
                    NEW,
                    Duration.ofSeconds(60),
                    Set.of("10.9.9.9")),
                progress -> {
                  // The last row is the key; it has been read and is about to be written.
                  if (progress.unit().equals("rows re-encrypted")
                      && progress.done() == progress.total()
                      && spent.compareAndSet(false, true)) {
                    database.run("UPDATE \"LiteLLM_VerificationToken\" SET spend = 99");
                  }
                });

    assertThat(counts.valuesReencrypted()).isEqualTo(2);
    assertThat(database.value("SELECT spend FROM \"LiteLLM_VerificationToken\"")).isEqualTo("99");
    assertThat(database.open().valuesUnder(OLD)).isZero();
  }

  @Test
  void aReaderThatWillNotEndMakesItTryAgainAndLeavesNothing() throws SQLException {
    TestDatabase database = withModel(LiteLlmServer.NEWEST);
    String before = database.digest();
    try (Connection reader = database.litellm("prisma")) {
      reader.setAutoCommit(false);
      ask(reader, MODELS);

      assertThatThrownBy(() -> forward(database, "10.9.9.9"))
          .isInstanceOfSatisfying(
              RotationException.class,
              e -> {
                assertThat(e.reason()).isEqualTo(ConditionReason.DATABASE_LOCKED);
                assertThat(e.recovery()).isEqualTo(Recovery.RETRY);
              });
    }
    assertThat(database.digest()).isEqualTo(before);
    assertThat(database.value(PRISTINE)).isEqualTo("0");
    assertThat(database.open().journal(ID, Direction.FORWARD, NEW))
        .isEqualTo(new Journal.NotCommitted());
  }

  @Test
  void isNotPossibleForASuperuserOrAStrangerOrBesideOtherPolicies() {
    TestDatabase database = withModel(LiteLlmServer.NEWEST);
    String superuser = database.url().replace("//litellm:", "//postgres:");
    assertThat(TestDatabase.open(superuser, "public").fence().check().toString())
        .contains("superuser");

    database.run("CREATE POLICY mine ON \"LiteLLM_Config\" USING (true)");
    assertThat(database.open().fence().check().toString())
        .contains("LiteLLM_Config already has row level security");

    database.run("ALTER TABLE \"LiteLLM_CredentialsTable\" OWNER TO postgres");
    assertThat(database.open().fence().check().toString())
        .contains("does not own LiteLLM_CredentialsTable");
  }

  @Test
  void rowsHiddenByAPolicyOfOthersStopEverything() {
    TestDatabase database = withModel(LiteLlmServer.NEWEST);
    database.run("ALTER TABLE \"LiteLLM_ProxyModelTable\" FORCE ROW LEVEL SECURITY");
    database.run("ALTER TABLE \"LiteLLM_ProxyModelTable\" ENABLE ROW LEVEL SECURITY");

    assertThatThrownBy(() -> forward(database))
        .isInstanceOfSatisfying(
            RotationException.class,
            e -> assertThat(e.reason()).isEqualTo(ConditionReason.DATABASE_ACCESS_DENIED));
    assertThatThrownBy(() -> database.open().valuesUnder(OLD))
        .isInstanceOf(RotationException.class);
  }
}
