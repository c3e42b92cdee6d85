package dev.keyrotation.database;

import static org.assertj.core.api.Assertions.assertThat;

import dev.keyrotation.api.v1alpha1.AdminAccess;
import dev.keyrotation.api.v1alpha1.CompromiseReport;
import dev.keyrotation.api.v1alpha1.Direction;
import dev.keyrotation.api.v1alpha1.MasterKeyRowPolicy;
import dev.keyrotation.database.RotationDatabase.Admins;
import dev.keyrotation.database.RotationDatabase.EndedSessions;
import dev.keyrotation.key.KeyMaterial;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What a rotation after a compromise does in LiteLLM's token table, on real schemas. */
class CompromiseRowsTest {
  private static final DatabaseOwner OWNER = TestDatabase.owner("ai/litellm");
  private static final String ID = "litellm-r4";
  private static final KeyMaterial OLD = KeyMaterial.of("sk-canary-old-master");
  private static final KeyMaterial NEW = KeyMaterial.of("sk-canary-new-master");
  private static final Instant LEAK = Instant.parse("2026-06-01T00:00:00Z");
  private static final String TOKENS = "\"LiteLLM_VerificationToken\"";

  static List<String> versions() {
    return LiteLlmServer.VERSIONS;
  }

  /** A key as LiteLLM's management routes and log-ins make it. */
  private static void key(
      TestDatabase database,
      String token,
      @Nullable String alias,
      String user,
      @Nullable String team,
      String created) {
    database.token(token, alias, user);
    database.run(
        "UPDATE "
            + TOKENS
            + " SET team_id = ?, created_at = ?::timestamp, created_by = 'default_user_id'"
            + " WHERE token = ?",
        team,
        created,
        token);
  }

  private static void user(TestDatabase database, String id, String role, String created) {
    database.run(
        "INSERT INTO \"LiteLLM_UserTable\" (user_id, user_role, created_at) VALUES (?, ?,"
            + " ?::timestamp)",
        id,
        role,
        created);
  }

  private static TestDatabase house(String version) {
    TestDatabase database = LiteLlmServer.database(version);
    user(database, "root", "proxy_admin", "2020-01-01");
    user(database, "mallory", "proxy_admin", "2026-06-02");
    user(database, "viewer", "proxy_admin_viewer", "2026-06-02");
    user(database, "someone", "internal_user", "2026-06-02");
    key(database, "h1", "of old", "root", null, "2026-05-31 23:59:59");
    key(database, "h2", "back door\nno. 1", "root", null, "2026-06-01 00:00:00");
    key(database, "h3", null, "mallory", "a-team", "2026-06-03 12:00:00");
    key(database, "h4", "harmless", "someone", null, "2026-06-03");
    key(database, "s1", null, "root", "litellm-dashboard", "2026-06-04");
    key(database, "s2", null, "someone", "litellm-dashboard", "2026-01-04");
    return database;
  }

  @ParameterizedTest
  @MethodSource("versions")
  void listsKeysAndUsersWithAdminRightsSinceTheLeakAndNoHash(String version) {
    TestDatabase database = house(version);
    database.open().openGrace(OWNER, ID, Map.of(NEW, Instant.parse("2030-01-01T00:00:00Z")));

    Admins admins = database.open().adminsSince(LEAK, NEW);

    assertThat(admins)
        .isEqualTo(
            new Admins(
                2,
                1,
                List.of(
                    new AdminAccess(
                        AdminAccess.Kind.KEY,
                        "sk-...abcd",
                        "mallory",
                        "2026-06-03T12:00:00Z",
                        "MasterKey"),
                    new AdminAccess(
                        AdminAccess.Kind.KEY,
                        "back door no. 1",
                        "root",
                        "2026-06-01T00:00:00Z",
                        "MasterKey"),
                    new AdminAccess(
                        AdminAccess.Kind.USER, "mallory", null, "2026-06-02T00:00:00Z", null))));
  }

  @Test
  void listsEverythingWhenNobodyKnowsSinceWhen() {
    Admins admins = house(LiteLlmServer.NEWEST).open().adminsSince(null, NEW);

    assertThat(admins.keys()).isEqualTo(3);
    assertThat(admins.users()).isEqualTo(2);
  }

  @Test
  void leavesTheMasterKeysOwnRowOut() {
    TestDatabase database = house(LiteLlmServer.NEWEST);
    key(database, NEW.tokenHash(), null, "root", null, "2026-06-05");

    assertThat(database.open().adminsSince(LEAK, NEW).keys()).isEqualTo(2);
  }

  @Test
  void countsAllAndListsAFew() {
    TestDatabase database = house(LiteLlmServer.NEWEST);
    for (int i = 0; i < 30; i++) {
      key(database, "many" + i, "x".repeat(300), "root", null, "2026-07-01");
    }

    Admins admins = database.open().adminsSince(LEAK, NEW);

    assertThat(admins.keys()).isEqualTo(32);
    assertThat(admins.newest()).hasSize(CompromiseReport.MOST_LISTED + 1);
    assertThat(admins.newest().getFirst().name()).hasSizeLessThan(110);
  }

  @ParameterizedTest
  @MethodSource("versions")
  void endsEveryDashboardSessionAndNoOtherKey(String version) {
    TestDatabase database = house(version);
    assertThat(database.open().endedSessions(ID)).isNull();

    EndedSessions ended = database.open().endSessions(OWNER, ID);

    assertThat(ended.number()).isEqualTo(2);
    assertThat(database.open().endedSessions(ID)).isEqualTo(ended);
    assertThat(database.column("SELECT token FROM " + TOKENS + " ORDER BY 1"))
        .containsExactly("h1", "h2", "h3", "h4");
  }

  @Test
  void sessionsThatAreEndedAgainAddUp() {
    TestDatabase database = house(LiteLlmServer.NEWEST);
    database.open().endSessions(OWNER, ID);
    key(database, "s3", null, "root", "litellm-dashboard", "2026-06-06");

    EndedSessions ended = database.open().endSessions(OWNER, ID);

    assertThat(ended.number()).isEqualTo(3);
  }

  @Test
  void rollBackPutsNoSessionBackAndRetirementForgetsThem() {
    TestDatabase database = house(LiteLlmServer.NEWEST);
    key(database, OLD.tokenHash(), null, "root", null, "2024-01-01");
    RotationDatabase open = database.open();
    open.moveMasterKeyRows(OWNER, ID, Direction.FORWARD, OLD, NEW, MasterKeyRowPolicy.MOVE);
    open.endSessions(OWNER, ID);

    open.moveMasterKeyRows(OWNER, ID, Direction.ROLL_BACK, NEW, OLD, MasterKeyRowPolicy.MOVE);

    assertThat(open.masterKeyRows(OLD)).isEqualTo(1);
    assertThat(
            database.value(
                "SELECT count(*) FROM " + TOKENS + " WHERE team_id = 'litellm-dashboard'"))
        .isEqualTo("0");
    assertThat(database.value("SELECT count(*) FROM keyrotation.ended_row")).isEqualTo("2");
    open.retire(OWNER, ID);
    assertThat(database.value("SELECT count(*) FROM keyrotation.ended_row")).isEqualTo("0");
  }
}
