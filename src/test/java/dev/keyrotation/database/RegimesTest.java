package dev.keyrotation.database;

import static org.assertj.core.api.Assertions.assertThat;

import dev.keyrotation.api.v1alpha1.Direction;
import dev.keyrotation.api.v1alpha1.MasterKeyRowPolicy;
import dev.keyrotation.database.RotationDatabase.Reencryption;
import dev.keyrotation.key.KeyMaterial;
import dev.keyrotation.key.KeySet;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Every combination of keys on a real PostgreSQL, there and back, judged by {@link LiteLlmCipher}.
 */
class RegimesTest {
  private static final DatabaseOwner OWNER = TestDatabase.owner("ai/litellm");
  private static final String ID = "litellm-r2";
  private static final KeyMaterial MASTER_1 = KeyMaterial.of("sk-canary-master-one");
  private static final KeyMaterial MASTER_2 = KeyMaterial.of("sk-canary-master-two");
  private static final KeyMaterial SALT_1 = KeyMaterial.of("sk-canary-salt-one");
  private static final KeyMaterial SALT_2 = KeyMaterial.of("sk-canary-salt-two");
  private static final Pattern SEALED = Pattern.compile("v2:gcm:[A-Za-z0-9_=-]+");

  /** The keys before and after. */
  enum Regime {
    MASTER_ALONE(keys(MASTER_1, SALT_1), keys(MASTER_2, SALT_1)),
    SALT_ALONE(keys(MASTER_1, SALT_1), keys(MASTER_1, SALT_2)),
    BOTH(keys(MASTER_1, SALT_1), keys(MASTER_2, SALT_2)),
    MASTER_THAT_ENCRYPTS(keys(MASTER_1, null), keys(MASTER_2, null)),
    SALT_ADOPTED(keys(MASTER_1, null), keys(MASTER_1, SALT_2)),
    SALT_ADOPTED_WITH_A_NEW_MASTER(keys(MASTER_1, null), keys(MASTER_2, SALT_2));

    final KeySet before;
    final KeySet after;

    Regime(KeySet before, KeySet after) {
      this.before = before;
      this.after = after;
    }

    boolean reencrypts() {
      return !before.encryption().equals(after.encryption());
    }
  }

  private static KeySet keys(KeyMaterial master, @Nullable KeyMaterial salt) {
    return new KeySet(master, salt);
  }

  /** Models, settings, a key with callback secrets, and the row of a master key of old. */
  private static TestDatabase house(KeySet keys) {
    TestDatabase database = LiteLlmServer.database(LiteLlmServer.NEWEST);
    KeyMaterial encryption = keys.encryption();
    database.model(
        "m1",
        Map.of(
            "model", LiteLlmCipher.seal(encryption, "gpt-4o"),
            "api_key", LiteLlmCipher.seal(encryption, "sk-provider"),
            "rpm", 3));
    database.config(
        "environment_variables", Map.of("A", LiteLlmCipher.seal(encryption, "a"), "B", "clear"));
    database.token("t".repeat(64), "a key", "someone");
    database.run(
        "UPDATE \"LiteLLM_VerificationToken\" SET metadata = ?::jsonb",
        TestDatabase.json(
            Map.of("secret", "litellm_enc::" + LiteLlmCipher.seal(encryption, "callback"))));
    database.token(keys.master().tokenHash(), null, "default_user_id");
    return database;
  }

  private static void rotate(TestDatabase database, Direction direction, KeySet from, KeySet to) {
    RotationDatabase open = database.open();
    if (!from.encryption().equals(to.encryption())) {
      open.reencrypt(
          new Reencryption(
              OWNER, ID, direction, from.encryption(), to.encryption(), Duration.ofMinutes(1)),
          progress -> {});
    }
    if (!from.master().equals(to.master())) {
      open.moveMasterKeyRows(
          OWNER, ID, direction, from.master(), to.master(), MasterKeyRowPolicy.MOVE);
    }
  }

  /** All cells with values, with what {@code key} opens opened. */
  private static String plaintexts(TestDatabase database, KeyMaterial key) {
    return SEALED
        .matcher(cells(database))
        .replaceAll(m -> "<" + LiteLlmCipher.open(key, m.group()).orElse("unreadable") + ">");
  }

  private static String cells(TestDatabase database) {
    return String.join(
        "\n",
        List.of(
            database.value("SELECT litellm_params FROM \"LiteLLM_ProxyModelTable\""),
            database.value("SELECT param_value FROM \"LiteLLM_Config\""),
            database.value(
                "SELECT metadata FROM \"LiteLLM_VerificationToken\" WHERE key_alias = 'a key'")));
  }

  private static long opened(TestDatabase database, KeyMaterial key) {
    return SEALED
        .matcher(cells(database))
        .results()
        .filter(m -> LiteLlmCipher.open(key, m.group()).isPresent())
        .count();
  }

  @ParameterizedTest
  @EnumSource
  void everyValueOpensUnderTheRightKeyThereAndBack(Regime regime) {
    TestDatabase database = house(regime.before);
    String all = plaintexts(database, regime.before.encryption());
    String rows = database.digest();

    rotate(database, Direction.FORWARD, regime.before, regime.after);

    assertThat(plaintexts(database, regime.after.encryption()))
        .isEqualTo(all)
        .doesNotContain("unreadable");
    assertThat(opened(database, regime.before.encryption())).isEqualTo(regime.reencrypts() ? 0 : 4);
    assertThat(database.open().masterKeyRows(regime.after.master())).isEqualTo(1);
    if (!regime.before.master().equals(regime.after.master())) {
      assertThat(database.open().masterKeyRows(regime.before.master())).isZero();
    }

    rotate(database, Direction.ROLL_BACK, regime.after, regime.before);

    assertThat(plaintexts(database, regime.before.encryption())).isEqualTo(all);
    assertThat(database.open().masterKeyRows(regime.before.master())).isEqualTo(1);
    if (!regime.reencrypts()) {
      assertThat(database.digest()).isEqualTo(rows);
    }
  }
}
