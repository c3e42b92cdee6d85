package dev.keyrotation.database;

import static org.assertj.core.api.Assertions.assertThat;

import dev.keyrotation.api.v1alpha1.Direction;
import dev.keyrotation.api.v1alpha1.MasterKeyRowPolicy;
import dev.keyrotation.database.RotationDatabase.MasterKeyRows;
import dev.keyrotation.key.KeyMaterial;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** The master key in LiteLLM's token table, on real schemas. */
class MasterKeyRowsTest {
  private static final Instant SOON = Instant.parse("2030-01-01T00:00:00Z");
  private static final DatabaseOwner OWNER = TestDatabase.owner("ai/litellm");
  private static final String ID = "litellm-r4";
  private static final KeyMaterial OLD = KeyMaterial.of("sk-canary-old-master");
  private static final KeyMaterial NEW = KeyMaterial.of("sk-canary-new-master-WXYZ");
  private static final KeyMaterial VIRTUAL = KeyMaterial.of("sk-a-virtual-key");
  private static final String TOKENS = "\"LiteLLM_VerificationToken\"";

  static List<String> versions() {
    return LiteLlmServer.VERSIONS;
  }

  private static TestDatabase database(String version) {
    TestDatabase database = LiteLlmServer.database(version);
    database.token(VIRTUAL.tokenHash(), "a virtual key", "someone");
    return database;
  }

  private static MasterKeyRows forward(TestDatabase database, MasterKeyRowPolicy policy) {
    return database.open().moveMasterKeyRows(OWNER, ID, Direction.FORWARD, OLD, NEW, policy);
  }

  private static MasterKeyRows back(TestDatabase database) {
    return database
        .open()
        .moveMasterKeyRows(OWNER, ID, Direction.ROLL_BACK, NEW, OLD, MasterKeyRowPolicy.MOVE);
  }

  private static String rowsOfOthers(TestDatabase database) {
    return database.value(
        "SELECT md5(string_agg(to_jsonb(t)::text, ',' ORDER BY token)) FROM "
            + TOKENS
            + " t WHERE token NOT IN ('"
            + OLD.tokenHash()
            + "', '"
            + NEW.tokenHash()
            + "', '"
            + OLD.reveal()
            + "')");
  }

  @ParameterizedTest
  @MethodSource("versions")
  void movesTheRowInPlaceAndCountsTheRotation(String version) {
    TestDatabase database = database(version);
    database.token(OLD.tokenHash(), null, "default_user_id");
    String others = rowsOfOthers(database);

    MasterKeyRows rows = forward(database, MasterKeyRowPolicy.MOVE);

    assertThat(rows).isEqualTo(new MasterKeyRows(1, 1));
    assertThat(database.open().masterKeyRows(OLD)).isZero();
    assertThat(database.open().masterKeyRows(NEW)).isEqualTo(1);
    assertThat(
            database.value(
                "SELECT spend || ' ' || user_id || ' ' || key_name FROM "
                    + TOKENS
                    + " WHERE token = '"
                    + NEW.tokenHash()
                    + "'"))
        .isEqualTo("12.5 default_user_id sk-...WXYZ");
    if (database.hasColumn("LiteLLM_VerificationToken", "rotation_count")) {
      assertThat(
              database.value(
                  "SELECT rotation_count = 1 AND last_rotation_at > now() AT TIME ZONE 'UTC' -"
                      + " interval '1 minute' FROM "
                      + TOKENS
                      + " WHERE token = '"
                      + NEW.tokenHash()
                      + "'"))
          .isEqualTo("t");
    }
    assertThat(rowsOfOthers(database)).isEqualTo(others);
  }

  @Test
  void worksOnSchemasWithoutTheColumnsOfRotation() {
    TestDatabase database = database(LiteLlmServer.NEWEST);
    for (String column : List.of("rotation_count", "last_rotation_at", "settings_updated_at")) {
      database.run("ALTER TABLE " + TOKENS + " DROP COLUMN IF EXISTS " + column + " CASCADE");
    }
    database.run("DROP TABLE IF EXISTS \"LiteLLM_DeprecatedVerificationToken\" CASCADE");
    database.token(OLD.tokenHash(), null, "default_user_id");

    assertThat(forward(database, MasterKeyRowPolicy.MOVE)).isEqualTo(new MasterKeyRows(1, 1));
    assertThat(back(database)).isEqualTo(new MasterKeyRows(1, 1));
    assertThat(database.open().masterKeyRows(OLD)).isEqualTo(1);
  }

  @ParameterizedTest
  @MethodSource("versions")
  void aDatabaseWithoutSuchARowStaysAsItIs(String version) {
    TestDatabase database = database(version);
    String before = database.digest();

    assertThat(forward(database, MasterKeyRowPolicy.MOVE)).isEqualTo(new MasterKeyRows(0, 0));
    assertThat(database.digest()).isEqualTo(before);
  }

  @Test
  void repairsAKeyInClear() {
    TestDatabase database = database(LiteLlmServer.NEWEST);
    database.token(OLD.reveal(), null, "default_user_id");
    assertThat(database.open().masterKeyRows(OLD)).isEqualTo(1);

    assertThat(forward(database, MasterKeyRowPolicy.MOVE)).isEqualTo(new MasterKeyRows(1, 1));

    assertThat(database.open().masterKeyRows(OLD)).isZero();
    assertThat(
            database.column("SELECT token FROM " + TOKENS + " WHERE user_id = 'default_user_id'"))
        .containsExactly(NEW.tokenHash());
  }

  @Test
  void aHashedRowAndOneInClearEndTogether() {
    TestDatabase database = database(LiteLlmServer.NEWEST);
    database.token(OLD.reveal(), "clear", "default_user_id");
    database.token(OLD.tokenHash(), "hashed", "default_user_id");

    assertThat(forward(database, MasterKeyRowPolicy.MOVE)).isEqualTo(new MasterKeyRows(2, 2));

    assertThat(
            database.column(
                "SELECT key_alias FROM " + TOKENS + " WHERE token = '" + NEW.tokenHash() + "'"))
        .containsExactly("hashed");
    assertThat(database.open().masterKeyRows(OLD)).isZero();
  }

  /** LiteLLM before February 2025 inserts a row for its master key when it starts. */
  @Test
  void aRowThatTheNewKeyAlreadyHasStays() {
    TestDatabase database = database(LiteLlmServer.NEWEST);
    database.token(OLD.tokenHash(), "old", "default_user_id");
    database.token(NEW.tokenHash(), "new", "default_user_id");

    assertThat(forward(database, MasterKeyRowPolicy.MOVE)).isEqualTo(new MasterKeyRows(1, 1));

    assertThat(database.open().masterKeyRows(OLD)).isZero();
    assertThat(
            database.column(
                "SELECT key_alias FROM " + TOKENS + " WHERE token = '" + NEW.tokenHash() + "'"))
        .containsExactly("new");
  }

  @ParameterizedTest
  @EnumSource(MasterKeyRowPolicy.class)
  void referencesFollowAndComeBack(MasterKeyRowPolicy policy) {
    TestDatabase database = database(LiteLlmServer.NEWEST);
    database.token(OLD.tokenHash(), null, "default_user_id");
    references(database);
    String before = database.digest();
    String others = rowsOfOthers(database);

    forward(database, policy);

    assertThat(rowsOfOthers(database)).isEqualTo(others);
    assertThat(database.column("SELECT token FROM \"LiteLLM_DeprecatedVerificationToken\""))
        .doesNotContain(OLD.tokenHash());
    if (policy == MasterKeyRowPolicy.MOVE) {
      assertThat(database.value("SELECT token FROM \"LiteLLM_JWTKeyMapping\""))
          .isEqualTo(NEW.tokenHash());
      assertThat(database.value("SELECT assigned_key_ids FROM \"LiteLLM_AccessGroupTable\""))
          .isEqualTo("{x," + NEW.tokenHash() + "}");
      assertThat(
              database.value("SELECT active_token_id FROM \"LiteLLM_DeprecatedVerificationToken\""))
          .isEqualTo(NEW.tokenHash());
      assertThat(database.value("SELECT key_hash FROM \"LiteLLM_ToolTable\""))
          .isEqualTo(NEW.tokenHash());
    } else {
      assertThat(database.column("SELECT token FROM \"LiteLLM_JWTKeyMapping\"")).isEmpty();
      assertThat(database.value("SELECT assigned_key_ids FROM \"LiteLLM_AccessGroupTable\""))
          .isEqualTo("{x}");
    }

    assertThat(back(database)).isEqualTo(new MasterKeyRows(1, 1));
    assertThat(database.digest()).isEqualTo(before);
  }

  private static void references(TestDatabase database) {
    database.run(
        "INSERT INTO \"LiteLLM_JWTKeyMapping\" (id, jwt_claim_name, jwt_claim_value, token,"
            + " created_by, updated_by, updated_at) VALUES ('j', 'a', 'b', ?, 'me', 'me', now())",
        OLD.tokenHash());
    database.run(
        "INSERT INTO \"LiteLLM_AccessGroupTable\" (access_group_id, access_group_name,"
            + " assigned_key_ids, updated_at) VALUES ('g', 'g', ARRAY['x', ?], now())",
        OLD.tokenHash());
    database.run(
        "INSERT INTO \"LiteLLM_ToolTable\" (tool_id, tool_name, key_hash, updated_at)"
            + " VALUES ('t', 't', ?, now())",
        OLD.tokenHash());
    database.run(
        "INSERT INTO \"LiteLLM_DeprecatedVerificationToken\" (id, token, active_token_id,"
            + " revoke_at) VALUES ('d1', 'older', ?, now()), ('d2', ?, 'newer', now())",
        OLD.tokenHash(),
        OLD.tokenHash());
  }

  @Test
  void anOldSchemaThatForbidsDeletingMappedKeysIsNoObstacle() {
    TestDatabase database = database(LiteLlmServer.NEWEST);
    database.run(
        "ALTER TABLE \"LiteLLM_JWTKeyMapping\" DROP CONSTRAINT"
            + " \"LiteLLM_JWTKeyMapping_token_fkey\"");
    database.run(
        "ALTER TABLE \"LiteLLM_JWTKeyMapping\" ADD CONSTRAINT x FOREIGN KEY (token) REFERENCES "
            + TOKENS
            + " (token) ON DELETE RESTRICT ON UPDATE CASCADE");
    database.token(OLD.tokenHash(), null, "default_user_id");
    references(database);

    assertThat(forward(database, MasterKeyRowPolicy.REMOVE)).isEqualTo(new MasterKeyRows(1, 1));
    assertThat(database.open().masterKeyRows(OLD)).isZero();
  }

  @Test
  void aRowInClearComesBackInClearWithoutEverTravelling() {
    TestDatabase database = database(LiteLlmServer.NEWEST);
    database.token(OLD.reveal(), null, "default_user_id");
    String before = database.digest();

    forward(database, MasterKeyRowPolicy.MOVE);
    back(database);

    assertThat(database.digest()).isEqualTo(before);
    assertThat(database.value("SELECT count(*) FROM keyrotation.ended_row")).isEqualTo("0");
  }

  @Test
  void onTheWayBackTheNewKeyEndsHoweverItGotItsRow() {
    TestDatabase database = database(LiteLlmServer.NEWEST);
    database.token(OLD.tokenHash(), "old", "default_user_id");
    database.token(NEW.tokenHash(), "inserted at start", "default_user_id");

    back(database);

    assertThat(database.open().masterKeyRows(NEW)).isZero();
    assertThat(database.open().masterKeyRows(OLD)).isEqualTo(1);
  }

  @Test
  void aSecondCallAddsNothingButEndsWhatCameBack() {
    TestDatabase database = database(LiteLlmServer.NEWEST);
    database.token(OLD.tokenHash(), null, "default_user_id");
    forward(database, MasterKeyRowPolicy.MOVE);
    assertThat(forward(database, MasterKeyRowPolicy.MOVE)).isEqualTo(new MasterKeyRows(1, 1));
    database.token(OLD.tokenHash(), "an old instance started once more", "default_user_id");

    assertThat(forward(database, MasterKeyRowPolicy.MOVE)).isEqualTo(new MasterKeyRows(2, 2));

    assertThat(database.open().masterKeyRows(OLD)).isZero();
    assertThat(database.open().movedMasterKeyRows(ID, Direction.FORWARD))
        .isEqualTo(new MasterKeyRows(2, 2));
    assertThat(database.open().movedMasterKeyRows(ID, Direction.ROLL_BACK)).isNull();
  }

  @ParameterizedTest
  @MethodSource("versions")
  void graceMakesBothKeysAdminKeysUntilTheyExpireOrTheMoveEndsThem(String version) {
    TestDatabase database = database(version);
    String before = database.digest();
    Instant expires = Instant.parse("2030-01-02T03:04:05Z");

    database.open().openGrace(OWNER, ID, Map.of(OLD, expires, NEW, expires));

    assertThat(database.open().graceExpiry(ID, OLD)).isEqualTo(expires);
    assertThat(database.open().graceExpiry(ID, NEW)).isEqualTo(expires);
    assertThat(database.open().graceExpiry("other-r1", NEW)).isNull();
    assertThat(database.open().graceExpiry(ID, VIRTUAL)).isNotEqualTo(expires);
    assertThat(database.open().masterKeyRows(OLD)).isZero();
    assertThat(
            database.column(
                "SELECT t.expires || ' ' || u.user_role || ' ' || t.models::text FROM "
                    + TOKENS
                    + " t JOIN \"LiteLLM_UserTable\" u USING (user_id) WHERE t.token IN ('"
                    + OLD.tokenHash()
                    + "', '"
                    + NEW.tokenHash()
                    + "')"))
        .containsExactly(
            "2030-01-02 03:04:05 proxy_admin {}", "2030-01-02 03:04:05 proxy_admin {}");

    assertThat(forward(database, MasterKeyRowPolicy.MOVE)).isEqualTo(new MasterKeyRows(0, 0));

    assertThat(database.open().graceExpiry(ID, NEW)).isNull();
    assertThat(database.digest()).isEqualTo(before);
  }

  @Test
  void endOfGraceIsSetLaterAndEarlier() {
    TestDatabase database = database(LiteLlmServer.NEWEST);
    Instant early = Instant.parse("2030-01-01T00:00:00Z");
    Instant late = Instant.parse("2030-01-01T01:00:00Z");
    database.open().openGrace(OWNER, ID, Map.of(OLD, early, NEW, early));

    database.open().openGrace(OWNER, ID, Map.of(NEW, late));
    Instant extended = database.open().graceExpiry(ID, NEW);
    database.open().openGrace(OWNER, ID, Map.of(NEW, early));

    assertThat(extended).isEqualTo(late);
    assertThat(database.open().graceExpiry(ID, NEW)).isEqualTo(early);
    assertThat(database.open().graceExpiry(ID, OLD)).isEqualTo(early);
  }

  @Test
  void aRowThatTheKeyHasOfItsOwnCountsAsGraceAndIsLeftAlone() {
    TestDatabase database = database(LiteLlmServer.NEWEST);
    database.token(OLD.tokenHash(), null, "default_user_id");
    String before =
        database.value(
            "SELECT to_jsonb(t) FROM " + TOKENS + " t WHERE token = '" + OLD.tokenHash() + "'");

    database.open().openGrace(OWNER, ID, Map.of(OLD, SOON, NEW, SOON));

    assertThat(database.open().graceExpiry(ID, OLD)).isAfter(Instant.parse("9000-01-01T00:00:00Z"));
    assertThat(
            database.value(
                "SELECT to_jsonb(t) FROM " + TOKENS + " t WHERE token = '" + OLD.tokenHash() + "'"))
        .isEqualTo(before);
    assertThat(forward(database, MasterKeyRowPolicy.MOVE)).isEqualTo(new MasterKeyRows(1, 1));
    assertThat(database.open().graceExpiry(ID, OLD)).isNull();
  }
}
