package dev.keyrotation.database;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.api.v1alpha1.DataCounts;
import dev.keyrotation.api.v1alpha1.Direction;
import dev.keyrotation.api.v1alpha1.Progress;
import dev.keyrotation.cipher.EncryptionKey;
import dev.keyrotation.cipher.Reading;
import dev.keyrotation.cipher.ValueReader;
import dev.keyrotation.cipher.Vectors;
import dev.keyrotation.database.RotationDatabase.Journal;
import dev.keyrotation.database.RotationDatabase.Reencryption;
import dev.keyrotation.failure.Recovery;
import dev.keyrotation.failure.RotationException;
import dev.keyrotation.key.KeyMaterial;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Re-encryption on a real server with LiteLLM's own schema. */
class ReencryptionTest {
  private static final KeyMaterial OLD = KeyMaterial.of("sk-canary-old-salt");
  private static final KeyMaterial NEW = KeyMaterial.of("sk-canary-new-salt");
  private static final KeyMaterial STRANGE = KeyMaterial.of("sk-canary-strange-salt");
  private static final DatabaseOwner OWNER = TestDatabase.owner("ai/litellm");
  private static final String ID = "litellm-r4";

  static List<String> versions() {
    return LiteLlmServer.VERSIONS;
  }

  private static Reencryption request(KeyMaterial from, KeyMaterial to, Direction direction) {
    return new Reencryption(OWNER, ID, direction, from, to, Duration.ofSeconds(60));
  }

  private static DataCounts forward(TestDatabase database) {
    return database.open().reencrypt(request(OLD, NEW, Direction.FORWARD), progress -> {});
  }

  private static String old(String plaintext) {
    return LiteLlmCipher.seal(OLD, plaintext);
  }

  @ParameterizedTest
  @MethodSource("versions")
  void takesEveryValueToTheNewKeyAndLeavesAllElse(String version) {
    TestDatabase database = LiteLlmServer.database(version);
    database.model(
        "m1", Map.of("model", old("gpt-4o"), "api_key", old("sk-provider"), "rpm", 3, "x", true));
    database.model("m2", Map.of("headers", List.of(Map.of("k", old("v"))), "plain", "text"));
    database.config("environment_variables", Map.of("A", old("a"), "B", "in clear"));
    database.config("router_settings", TestDatabase.json(Map.of("password", old("in a string"))));
    database.token("t".repeat(64), "a key", "someone");
    database.run(
        "UPDATE \"LiteLLM_VerificationToken\" SET metadata = ?::jsonb",
        TestDatabase.json(
            Map.of("logging", List.of(Map.of("secret", "litellm_enc::" + old("callback"))))));
    String[] encrypted = {
      "LiteLLM_ProxyModelTable.litellm_params",
      "LiteLLM_Config.param_value",
      "LiteLLM_VerificationToken.metadata"
    };
    String before = database.digest(encrypted);
    String plainBefore = plaintexts(database, OLD);

    DataCounts counts = forward(database);

    assertThat(counts).isEqualTo(new DataCounts(3, 5, 6, 0, 0));
    assertThat(database.digest(encrypted)).isEqualTo(before);
    assertThat(plaintexts(database, NEW)).isEqualTo(plainBefore);
    assertThat(database.open().valuesUnder(OLD)).isZero();
    assertThat(database.open().valuesUnder(NEW)).isEqualTo(6);
  }

  /** All that is stored where values are, with what {@code key} opens opened. */
  private static String plaintexts(TestDatabase database, KeyMaterial key) {
    var cells = new ArrayList<String>();
    cells.addAll(
        database.column("SELECT litellm_params FROM \"LiteLLM_ProxyModelTable\" ORDER BY 1"));
    cells.addAll(database.column("SELECT param_value FROM \"LiteLLM_Config\" ORDER BY 1"));
    cells.addAll(database.column("SELECT metadata FROM \"LiteLLM_VerificationToken\" ORDER BY 1"));
    String text = String.join("\n", cells);
    return java.util.regex.Pattern.compile("v2:gcm:[A-Za-z0-9_=-]+")
        .matcher(text)
        .replaceAll(m -> "<" + LiteLlmCipher.open(key, m.group()).orElse("unreadable") + ">");
  }

  @Test
  void keepsTheFormatOfEachOfLiteLlmsOwnCiphertexts() {
    TestDatabase database = LiteLlmServer.database(LiteLlmServer.NEWEST);
    KeyMaterial from = KeyMaterial.of("sk-vector-salt-one");
    Map<String, Object> params = new LinkedHashMap<>();
    List<Vectors.Vector> vectors =
        Vectors.ciphertexts().stream().filter(v -> from.equals(KeyMaterial.of(v.key()))).toList();
    for (int i = 0; i < vectors.size(); i++) {
      params.put("p" + i, vectors.get(i).ciphertext());
    }
    database.model("m1", params);

    DataCounts counts =
        database.open().reencrypt(request(from, NEW, Direction.FORWARD), progress -> {});

    assertThat(counts.valuesReencrypted()).isEqualTo(vectors.size()).isEqualTo(32);
    for (int i = 0; i < vectors.size(); i++) {
      String stored =
          database.value("SELECT litellm_params ->> 'p" + i + "' FROM \"LiteLLM_ProxyModelTable\"");
      assertThat(stored).hasSameSizeAs(vectors.get(i).ciphertext());
      if (vectors.get(i).format().equals("v2:gcm")) {
        assertThat(LiteLlmCipher.open(NEW, stored)).hasValue(vectors.get(i).plaintext());
      } else {
        assertThat(stored).isNotEqualTo(vectors.get(i).ciphertext());
      }
    }
  }

  @Test
  void findsValuesInColumnsThatNobodyListed() {
    TestDatabase database = LiteLlmServer.database(LiteLlmServer.NEWEST);
    database.run(
        "INSERT INTO \"LiteLLM_AuditLog\" (id, changed_by, action, table_name, object_id,"
            + " before_value, updated_values) VALUES ('a', 'me', 'updated', 't', 'o', ?::jsonb,"
            + " '{\"x\": 1}')",
        TestDatabase.json(
            Map.of(
                "litellm_params",
                TestDatabase.json(Map.of("k", old("x"))),
                "kept",
                List.of(secretBox(OLD)))));
    database.run("ALTER TABLE \"LiteLLM_ProxyModelTable\" ADD COLUMN extra text");
    database.run("ALTER TABLE \"LiteLLM_ProxyModelTable\" ADD COLUMN list text[]");
    database.model("m1", Map.of("model", old("gpt-4o")));
    database.run(
        "UPDATE \"LiteLLM_ProxyModelTable\" SET extra = ?, list = ARRAY['a', NULL, ?, '{\"b\"']",
        old("extra"),
        old("list"));

    DataCounts counts = forward(database);

    assertThat(counts).isEqualTo(new DataCounts(4, 2, 5, 0, 0));
    assertThat(open("SELECT extra FROM \"LiteLLM_ProxyModelTable\"", database)).hasValue("extra");
    assertThat(open("SELECT list[3] FROM \"LiteLLM_ProxyModelTable\"", database)).hasValue("list");
    assertThat(
            database.value(
                "SELECT list[1] || list[4] || (list[2] IS NULL)::text FROM"
                    + " \"LiteLLM_ProxyModelTable\""))
        .isEqualTo("a{\"b\"true");
  }

  /** Records of traffic are never decrypted, and searching them would lengthen the gap of Drain. */
  @Test
  void recordsOfTrafficAreNotSearched() {
    TestDatabase database = LiteLlmServer.database(LiteLlmServer.NEWEST);
    database.model("m1", Map.of("model", old("gpt-4o")));
    database.run(
        "INSERT INTO \"LiteLLM_SpendLogs\" (request_id, call_type, api_key, \"startTime\","
            + " \"endTime\", metadata) VALUES ('r', 'c', 'k', now(), now(), ?::jsonb)",
        TestDatabase.json(Map.of("pasted by a caller", old("x"))));
    String logs = database.value("SELECT s::text FROM \"LiteLLM_SpendLogs\" s");

    DataCounts counts = forward(database);

    assertThat(counts).isEqualTo(new DataCounts(1, 1, 1, 0, 0));
    assertThat(database.open().valuesUnder(OLD)).isZero();
    assertThat(database.value("SELECT s::text FROM \"LiteLLM_SpendLogs\" s")).isEqualTo(logs);
  }

  private static String secretBox(KeyMaterial key) {
    Vectors.Vector like =
        Vectors.ciphertexts().stream()
            .filter(v -> v.format().equals("secretbox"))
            .findFirst()
            .orElseThrow();
    return ((Reading.Opened)
            new ValueReader(new EncryptionKey(KeyMaterial.of(like.key()))).read(like.ciphertext()))
        .reseal(new EncryptionKey(key));
  }

  private static java.util.Optional<String> open(String sql, TestDatabase database) {
    return LiteLlmCipher.open(NEW, database.value(sql));
  }

  @Test
  void anUnreadableValueStopsItAndNothingIsChanged() {
    TestDatabase database = LiteLlmServer.database(LiteLlmServer.NEWEST);
    database.model("m1", Map.of("model", old("gpt-4o")));
    database.model("m-lost", Map.of("api_key", LiteLlmCipher.seal(STRANGE, "sk-lost")));
    String before = database.digest();

    assertThatThrownBy(() -> forward(database))
        .isInstanceOfSatisfying(
            RotationException.class,
            e -> {
              assertThat(e.reason()).isEqualTo(ConditionReason.VALUE_UNREADABLE);
              assertThat(e.recovery()).isEqualTo(Recovery.ROLL_BACK);
              assertThat(e.sentence())
                  .contains("LiteLLM_ProxyModelTable.litellm_params", "model_id m-lost")
                  .doesNotContain("v2:gcm", "canary");
            });

    assertThat(database.digest()).isEqualTo(before);
    assertThat(database.value("SELECT count(*) FROM keyrotation.ciphertext_copy")).isEqualTo("0");
    assertThat(database.open().journal(ID, Direction.FORWARD, NEW))
        .isEqualTo(new Journal.NotCommitted());
  }

  @Test
  void anUnreadableValueInAColumnThatNobodyListedStopsItToo() {
    TestDatabase database = LiteLlmServer.database(LiteLlmServer.NEWEST);
    database.run("ALTER TABLE \"LiteLLM_ProxyModelTable\" ADD COLUMN extra text");
    database.model("m1", Map.of("model", old("gpt-4o")));
    database.run(
        "UPDATE \"LiteLLM_ProxyModelTable\" SET extra = ?", LiteLlmCipher.seal(STRANGE, "lost"));
    String before = database.digest();

    assertThatThrownBy(() -> forward(database))
        .isInstanceOfSatisfying(
            RotationException.class,
            e -> {
              assertThat(e.reason()).isEqualTo(ConditionReason.VALUE_UNREADABLE);
              assertThat(e.sentence()).contains("LiteLLM_ProxyModelTable.extra");
            });

    assertThat(database.digest()).isEqualTo(before);
  }

  /** LiteLLM writes keys all the time, so their table is not locked. */
  @Test
  void whatAnInstanceSavesMeanwhileIsNotOverwritten() {
    TestDatabase database = LiteLlmServer.database(LiteLlmServer.NEWEST);
    String save = "UPDATE \"LiteLLM_VerificationToken\" SET metadata = ?::jsonb";
    database.token("t1", "alias", null);
    database.run(save, TestDatabase.json(Map.of("secret", old("found"))));
    String saved = TestDatabase.json(Map.of("secret", old("saved meanwhile")));

    assertThatThrownBy(
            () ->
                database
                    .open()
                    .reencrypt(
                        request(OLD, NEW, Direction.FORWARD),
                        progress -> {
                          if (progress.unit().equals("rows re-encrypted")) {
                            database.run(save, saved);
                          }
                        }))
        .isInstanceOfSatisfying(
            RotationException.class,
            e -> {
              assertThat(e.reason()).isEqualTo(ConditionReason.DATABASE_LOCKED);
              assertThat(e.recovery()).isEqualTo(Recovery.RETRY);
            });

    assertThat(
            LiteLlmCipher.open(
                OLD,
                database.value("SELECT metadata ->> 'secret' FROM \"LiteLLM_VerificationToken\"")))
        .hasValue("saved meanwhile");
  }

  @Test
  void anUnknownFormatStopsItAndNothingIsChanged() {
    TestDatabase database = LiteLlmServer.database(LiteLlmServer.NEWEST);
    database.model("m1", Map.of("model", old("gpt-4o"), "api_key", "v7:xyz:" + "A".repeat(60)));
    String before = database.digest();

    assertThatThrownBy(() -> forward(database))
        .isInstanceOfSatisfying(
            RotationException.class,
            e -> {
              assertThat(e.reason()).isEqualTo(ConditionReason.VALUE_FORMAT_UNKNOWN);
              assertThat(e.sentence()).contains("format v7");
            });

    assertThat(database.digest()).isEqualTo(before);
  }

  @Test
  void aWrongKeyIsToldAsSuch() {
    TestDatabase database = LiteLlmServer.database(LiteLlmServer.NEWEST);
    database.model("m1", Map.of("model", LiteLlmCipher.seal(STRANGE, "gpt-4o")));

    assertThatThrownBy(() -> forward(database))
        .isInstanceOfSatisfying(
            RotationException.class,
            e -> assertThat(e.reason()).isEqualTo(ConditionReason.WRONG_ENCRYPTION_KEY));
  }

  @Test
  void aJournalRowOfAnotherKeyProvesNothing() {
    TestDatabase database = LiteLlmServer.database(LiteLlmServer.NEWEST);
    database.model("m1", Map.of("model", old("gpt-4o")));
    forward(database);

    RotationDatabase.Journal journal = database.open().journal(ID, Direction.FORWARD, STRANGE);

    assertThat(journal).isEqualTo(new RotationDatabase.Journal.NotCommitted());
  }

  @Test
  void aSecondCallChangesNothingAndTellsTheSame() {
    TestDatabase database = LiteLlmServer.database(LiteLlmServer.NEWEST);
    database.model("m1", Map.of("model", old("gpt-4o")));
    DataCounts first = forward(database);
    String after = database.digest();

    DataCounts second = forward(database);

    assertThat(second).isEqualTo(first).isEqualTo(new DataCounts(1, 1, 1, 0, 0));
    assertThat(database.digest()).isEqualTo(after);
    assertThat(database.open().journal(ID, Direction.FORWARD, NEW))
        .isEqualTo(new Journal.Committed(first));
  }

  @Test
  void rollBackTakesCurrentValuesToTheOldKey() {
    TestDatabase database = LiteLlmServer.database(LiteLlmServer.NEWEST);
    database.model("m1", Map.of("model", old("gpt-4o")));
    forward(database);
    database.model("written-since", Map.of("model", LiteLlmCipher.seal(NEW, "gpt-5")));

    DataCounts counts =
        database.open().reencrypt(request(NEW, OLD, Direction.ROLL_BACK), progress -> {});

    assertThat(counts.valuesReencrypted()).isEqualTo(2);
    assertThat(database.open().valuesUnder(OLD)).isEqualTo(2);
    assertThat(
            database.column(
                "SELECT litellm_params ->> 'model' FROM \"LiteLLM_ProxyModelTable\" ORDER BY"
                    + " model_id"))
        .map(stored -> LiteLlmCipher.open(OLD, String.valueOf(stored)).orElse("unreadable"))
        .containsExactly("gpt-4o", "gpt-5");
    assertThatThrownBy(
            () ->
                database
                    .open()
                    .reencrypt(
                        new Reencryption(
                            OWNER, ID, Direction.FORWARD, OLD, STRANGE, Duration.ofSeconds(9)),
                        progress -> {}))
        .isInstanceOf(RotationException.class);
  }

  @Test
  void copiesOldCiphertextUntilTheRotationRetires() {
    TestDatabase database = LiteLlmServer.database(LiteLlmServer.NEWEST);
    database.model("m1", Map.of("model", old("gpt-4o")));
    String before = database.value("SELECT litellm_params FROM \"LiteLLM_ProxyModelTable\"");
    forward(database);

    assertThat(
            database.value(
                "SELECT old_value FROM keyrotation.ciphertext_copy WHERE row_id ="
                    + " '[\"m1\"]' AND rotation_id = '"
                    + ID
                    + "'"))
        .isEqualTo(before);

    database.open().retire(OWNER, ID);

    assertThat(database.value("SELECT count(*) FROM keyrotation.ciphertext_copy")).isEqualTo("0");
    assertThat(database.open().journal(ID, Direction.FORWARD, NEW))
        .isInstanceOf(Journal.Committed.class);
  }

  @Test
  void retireDoesNothingWhereNothingWasEverRotated() {
    TestDatabase database = LiteLlmServer.database(LiteLlmServer.NEWEST);

    database.open().retire(OWNER, ID);

    assertThat(database.value("SELECT to_regnamespace('keyrotation') IS NULL")).isEqualTo("t");
  }

  @Test
  void aLockHeldByOthersEndsInATryAgain() throws SQLException {
    TestDatabase database = LiteLlmServer.database(LiteLlmServer.NEWEST);
    database.model("m1", Map.of("model", old("gpt-4o")));
    try (Connection other = database.litellm("prisma");
        Statement statement = other.createStatement()) {
      other.setAutoCommit(false);
      statement.execute("UPDATE \"LiteLLM_ProxyModelTable\" SET model_name = 'busy'");

      assertThatThrownBy(
              () ->
                  database
                      .open()
                      .reencrypt(
                          new Reencryption(
                              OWNER, ID, Direction.FORWARD, OLD, NEW, Duration.ofSeconds(1)),
                          progress -> {}))
          .isInstanceOfSatisfying(
              RotationException.class,
              e -> {
                assertThat(e.reason())
                    .isIn(ConditionReason.DATABASE_LOCKED, ConditionReason.DATABASE_UNAVAILABLE);
                assertThat(e.recovery()).isEqualTo(Recovery.RETRY);
              });
    }
    assertThat(database.open().valuesUnder(OLD)).isEqualTo(1);
  }

  /** Sooner than the ten seconds that any wait for a lock may take. */
  @Test
  void locksGoWithTheProcessThatHasThem() throws SQLException, IOException {
    TestDatabase database = LiteLlmServer.database(LiteLlmServer.NEWEST);
    database.model("m1", Map.of("model", old("gpt-4o")));
    String sessions =
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'keyrotation' AND datname ="
            + " current_database()";
    try (Connection other = database.litellm("prisma");
        Statement statement = other.createStatement();
        CuttingProxy proxy = new CuttingProxy(database.port())) {
      other.setAutoCommit(false);
      statement.execute("UPDATE \"LiteLLM_ProxyModelTable\" SET model_name = 'busy'");
      RotationDatabase through = TestDatabase.open(database.url(proxy.port()), "public");
      CompletableFuture<DataCounts> cut =
          CompletableFuture.supplyAsync(
              () -> through.reencrypt(request(OLD, NEW, Direction.FORWARD), progress -> {}));
      Awaitility.await()
          .untilAsserted(
              () ->
                  assertThat(
                          database.value(
                              sessions + " AND wait_event_type = 'Lock' AND state = 'active'"))
                      .isEqualTo("1"));

      proxy.hangUp();

      Awaitility.await()
          .atMost(Duration.ofSeconds(8))
          .untilAsserted(() -> assertThat(database.value(sessions)).isEqualTo("0"));
      assertThatThrownBy(cut::join).hasCauseInstanceOf(RotationException.class);
    }
  }

  @Test
  void theJournalIsOpenWhileATransactionRunsAndDecidedAfterwards() {
    TestDatabase database = LiteLlmServer.database(LiteLlmServer.NEWEST);
    database.model("m1", Map.of("model", old("gpt-4o")));
    List<Journal> during = new ArrayList<>();

    DataCounts counts =
        database
            .open()
            .reencrypt(
                request(OLD, NEW, Direction.FORWARD),
                progress -> during.add(database.open().journal(ID, Direction.FORWARD, NEW)));

    assertThat(during).isNotEmpty().containsOnly(new Journal.Open());
    assertThat(database.open().journal(ID, Direction.FORWARD, NEW))
        .isEqualTo(new Journal.Committed(counts));
  }

  @Test
  void aSessionKilledBeforeCommitLeavesEverythingAsItWas() {
    TestDatabase database = LiteLlmServer.database(LiteLlmServer.NEWEST);
    database.models(50, Map.of("model", old("gpt-4o")));
    String before = database.digest();

    assertThatThrownBy(
            () ->
                database
                    .open()
                    .reencrypt(
                        request(OLD, NEW, Direction.FORWARD),
                        progress -> {
                          if (progress.done() == 50) {
                            database.column(
                                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE"
                                    + " application_name = 'keyrotation' AND datname ="
                                    + " current_database()");
                          }
                        }))
        .isInstanceOfSatisfying(
            RotationException.class,
            e -> {
              assertThat(e.reason()).isEqualTo(ConditionReason.DATABASE_UNAVAILABLE);
              assertThat(e.recovery()).isEqualTo(Recovery.RETRY);
            });

    assertThat(database.digest()).isEqualTo(before);
    assertThat(database.open().journal(ID, Direction.FORWARD, NEW))
        .isEqualTo(new Journal.NotCommitted());
    assertThat(forward(database).valuesReencrypted()).isEqualTo(50);
  }

  @Test
  void aLostAnswerToCommitIsLookedUpInTheJournal() throws IOException {
    TestDatabase database = LiteLlmServer.database(LiteLlmServer.NEWEST);
    database.model("m1", Map.of("model", old("gpt-4o")));
    try (CuttingProxy proxy = new CuttingProxy(database.port())) {
      RotationDatabase through = TestDatabase.open(database.url(proxy.port()), "public");

      assertThatThrownBy(
              () ->
                  through.reencrypt(
                      request(OLD, NEW, Direction.FORWARD), progress -> proxy.cutAfter("COMMIT")))
          .isInstanceOfSatisfying(
              RotationException.class,
              e -> {
                assertThat(e.reason()).isEqualTo(ConditionReason.DATABASE_UNAVAILABLE);
                assertThat(e.recovery()).isEqualTo(Recovery.RETRY);
              })
          .hasMessageContaining("COMMIT was lost");
    }

    Awaitility.await()
        .untilAsserted(
            () ->
                assertThat(database.open().journal(ID, Direction.FORWARD, NEW))
                    .isEqualTo(new Journal.Committed(new DataCounts(1, 1, 1, 0, 0))));
    assertThat(database.open().valuesUnder(NEW)).isEqualTo(1);
  }

  @Test
  void aTriggerThatChangesOtherColumnsStopsItBeforeCommit() {
    TestDatabase database = LiteLlmServer.database(LiteLlmServer.NEWEST);
    database.model("m1", Map.of("model", old("gpt-4o")));
    triggerOnModels(database, "NEW.updated_at = now(); RETURN NEW;");
    String before = database.digest();

    assertThatThrownBy(() -> forward(database))
        .isInstanceOfSatisfying(
            RotationException.class,
            e -> assertThat(e.reason()).isEqualTo(ConditionReason.REENCRYPTION_FAILED))
        .hasMessageContaining("trigger");

    assertThat(database.digest()).isEqualTo(before);
  }

  private static void triggerOnModels(TestDatabase database, String body) {
    trigger(database, "LiteLLM_ProxyModelTable", body);
  }

  private static void trigger(TestDatabase database, String table, String body) {
    database.run(
        "CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN " + body + " END'");
    database.run(
        "CREATE TRIGGER touch BEFORE UPDATE ON \""
            + table
            + "\" FOR EACH ROW EXECUTE FUNCTION touch()");
  }

  /** Beside instances the rows of keys cannot be read again; the UPDATE itself tells. */
  @Test
  void aTriggerThatChangesTheNewValueStopsIt() {
    TestDatabase database = LiteLlmServer.database(LiteLlmServer.NEWEST);
    database.token("t1", "alias", null);
    database.run(
        "UPDATE \"LiteLLM_VerificationToken\" SET metadata = ?::jsonb",
        TestDatabase.json(Map.of("secret", old("x"))));
    trigger(
        database,
        "LiteLLM_VerificationToken",
        "NEW.metadata = NEW.metadata || jsonb_build_object(''seen'', 1); RETURN NEW;");
    String before = database.digest();

    assertThatThrownBy(
            () ->
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
                        progress -> {}))
        .isInstanceOfSatisfying(
            RotationException.class,
            e -> assertThat(e.reason()).isEqualTo(ConditionReason.REENCRYPTION_FAILED))
        .hasMessageContaining("LiteLLM_VerificationToken");

    assertThat(database.digest()).isEqualTo(before);
  }

  @Test
  void readsByASessionOfItsOwn() {
    TestDatabase database = LiteLlmServer.database(LiteLlmServer.NEWEST);
    database.models(5, Map.of("model", old("gpt-4o")));
    List<String> sessions = new ArrayList<>();

    database
        .open()
        .reencrypt(
            request(OLD, NEW, Direction.FORWARD),
            progress ->
                sessions.addAll(
                    database.column(
                        "SELECT count(DISTINCT pid) FROM pg_locks JOIN pg_class c ON c.oid ="
                            + " relation WHERE relname = 'LiteLLM_ProxyModelTable' AND mode IN"
                            + " ('AccessShareLock', 'ShareRowExclusiveLock') AND database ="
                            + " (SELECT oid FROM pg_database WHERE datname ="
                            + " current_database())")));

    assertThat(sessions.getFirst()).isEqualTo("2");
  }

  /** A pooler lets a client wait for a session in silence. */
  @Test
  void oneSessionIsEnoughWhenThePoolerHasNoMore(@TempDir Path directory) {
    TestDatabase database = LiteLlmServer.database(LiteLlmServer.NEWEST);
    database.models(500, Map.of("model", old("gpt-4o")));
    try (Pooler pooler =
        new Pooler(database, directory, "pool_mode = transaction", "default_pool_size = 1")) {
      RotationDatabase pooled =
          TestDatabase.open(database.url(pooler.port()) + "&pgbouncer=true", "public");

      DataCounts counts = pooled.reencrypt(request(OLD, NEW, Direction.FORWARD), progress -> {});

      assertThat(counts.valuesReencrypted()).isEqualTo(500);
    }
    assertThat(database.open().valuesUnder(OLD)).isZero();
  }

  /** A snapshot from before our lock would not have the row that the lock waited for. */
  @Test
  void whatIsCommittedWhileItWaitsForALockIsReencryptedWhateverTheRolesIsolation()
      throws SQLException {
    TestDatabase database = LiteLlmServer.database(LiteLlmServer.NEWEST);
    database.run(
        "ALTER DATABASE "
            + database.value("SELECT current_database()")
            + " SET default_transaction_isolation = 'repeatable read'");
    try (Connection other = database.litellm("prisma");
        Statement statement = other.createStatement()) {
      database.model("m1", Map.of("model", old("gpt-4o")));
      other.setAutoCommit(false);
      statement.execute(
          "INSERT INTO \"LiteLLM_ProxyModelTable\" SELECT (jsonb_populate_record(m,"
              + " '{\"model_id\": \"m2\"}')).* FROM \"LiteLLM_ProxyModelTable\" m");
      CompletableFuture<DataCounts> counts = CompletableFuture.supplyAsync(() -> forward(database));
      Awaitility.await()
          .untilAsserted(
              () ->
                  assertThat(
                          database.value(
                              "SELECT count(*) FROM pg_locks WHERE NOT granted AND mode ="
                                  + " 'ShareRowExclusiveLock' AND database = (SELECT oid FROM"
                                  + " pg_database WHERE datname = current_database())"))
                      .isEqualTo("1"));

      other.commit();

      assertThat(counts.join().valuesReencrypted()).isEqualTo(2);
    }
  }

  @Test
  void anotherOwnersDatabaseIsLeftAlone() {
    TestDatabase database = LiteLlmServer.database(LiteLlmServer.NEWEST);
    database.model("m1", Map.of("model", old("gpt-4o")));
    forward(database);

    assertThatThrownBy(
            () ->
                database
                    .open()
                    .reencrypt(
                        new Reencryption(
                            TestDatabase.owner("ai/other"),
                            "other-r1",
                            Direction.FORWARD,
                            NEW,
                            OLD,
                            Duration.ofSeconds(9)),
                        progress -> {}))
        .isInstanceOfSatisfying(
            RotationException.class,
            e -> assertThat(e.reason()).isEqualTo(ConditionReason.DATABASE_OWNED_BY_OTHER))
        .hasMessageContaining("ai/litellm");

    assertThat(database.open().valuesUnder(NEW)).isEqualTo(1);
  }

  @Test
  void progressMovesOverWritingAndChecking() {
    TestDatabase database = LiteLlmServer.database(LiteLlmServer.NEWEST);
    database.models(1200, Map.of("model", old("gpt-4o")));
    triggerOnModels(database, "RETURN NEW;");
    List<Progress> told = new ArrayList<>();

    database.open().reencrypt(request(OLD, NEW, Direction.FORWARD), told::add);

    assertThat(told)
        .contains(
            new Progress(1000, 1000, "rows re-encrypted"),
            new Progress(1200, 1200, "rows re-encrypted"),
            new Progress(1000, 1200, "rows checked"),
            new Progress(1200, 1200, "rows checked"));
  }

  @Test
  void theSameKeyIsRefused() {
    TestDatabase database = LiteLlmServer.database(LiteLlmServer.NEWEST);

    assertThatThrownBy(
            () ->
                database
                    .open()
                    .reencrypt(
                        request(OLD, KeyMaterial.of(OLD.reveal()), Direction.FORWARD), p -> {}))
        .isInstanceOf(RotationException.class);
  }
}
