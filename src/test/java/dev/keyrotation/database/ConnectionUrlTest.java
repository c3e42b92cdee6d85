package dev.keyrotation.database;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.api.v1alpha1.TlsSpec;
import dev.keyrotation.failure.RotationException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.ds.PGSimpleDataSource;

class ConnectionUrlTest {

  /** What the URL alone says. */
  private static ConnectionUrl parse(String url) {
    return ConnectionUrl.parse(url, TlsSpec.disabled(), null);
  }

  @ParameterizedTest
  @CsvSource({
    "postgresql://u:p@db:5433/litellm, db, 5433, litellm, u, p",
    "postgres://u:p@db/litellm, db, 5432, litellm, u, p",
    "postgresql://u%40corp:p%3A%2F%3F%23%25+x@db/my%20db, db, 5432, my db, u@corp, p:/?#%+x",
    "postgresql://u:p@x@db/litellm, db, 5432, litellm, u, p@x",
    "postgresql://u:p@[2001:db8::7]:6432/l?schema=s, [2001:db8::7], 6432, l, u, p",
    "' postgresql://u:p@10.0.0.1/l?connection_limit=5\n', 10.0.0.1, 5432, l, u, p",
  })
  void readsWhatLiteLlmReads(
      String url, String host, int port, String database, String user, String password) {
    PGSimpleDataSource source = parse(url).dataSource(30);

    assertThat(source.getServerNames()).containsExactly(host);
    assertThat(source.getPortNumbers()).containsExactly(port);
    assertThat(source.getDatabaseName()).isEqualTo(database);
    assertThat(source.getUser()).isEqualTo(user);
    assertThat(source.getPassword()).isEqualTo(password);
    assertThat(source.getApplicationName()).isEqualTo("keyrotation");
    assertThat(source.getConnectTimeout()).isPositive();
    assertThat(source.getSocketTimeout()).isEqualTo(30);
  }

  @ParameterizedTest
  @CsvSource({
    "sslmode=require, require",
    "sslmode=verify-ca, verify-ca",
    "sslmode=allow, prefer",
    "sslmode=disable, disable",
  })
  void passesTheSslModeOn(String parameters, String mode) {
    var source = parse("postgresql://u:p@db/l?" + parameters).dataSource(30);

    assertThat(source.getSslMode()).isEqualTo(mode);
  }

  @Test
  void knowsTheSchema() {
    assertThat(parse("postgresql://u:p@db/l?a=b&schema=lite%20llm").schema()).isEqualTo("lite llm");
    assertThat(parse("postgresql://u:p@db/l").schema()).isNull();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "mysql://u:canary@db/l",
        "postgresql://db/l",
        "postgresql://:canary@db/l",
        "postgresql://u:canary@db",
        "postgresql://u:canary@db/",
        "postgresql://u:canary@db:port/l",
        "postgresql://u:canary%zz@db/l",
        "postgresql://u:canary@db1,db2/l",
        "postgresql://u:canary@/l?host=/var/run/postgresql",
        "postgresql://u:canary@%2Fvar%2Frun%2Fpostgresql/l",
        "postgresql://u:canary@db/l?sslidentity=client.p12",
      })
  void refusesOthersWithoutQuotingThem(String url) {
    assertThatThrownBy(() -> parse(url))
        .isInstanceOfSatisfying(
            RotationException.class,
            e -> {
              assertThat(e.reason()).isEqualTo(ConditionReason.DATABASE_URL_INVALID);
              assertThat(e.sentence()).startsWith("The database URL cannot be used: ");
              assertThat(e).hasNoCause();
            })
        .message()
        .doesNotContain("canary");
  }

  @Test
  void printsNoPassword() {
    assertThat(parse("postgresql://u:canary@db/l")).hasToString("ConnectionUrl[db:5432/l]");
  }

  @Test
  void theSchemaOfTheUrlCountsUnlessTheSpecNamesAnother() {
    String url = "postgresql://u:p@db/l?schema=lite";

    assertThat(TestDatabase.open(url, "public").toString()).contains("schema lite");
    assertThat(TestDatabase.open(url, "lite").toString()).contains("schema lite");
    assertThat(TestDatabase.open("postgresql://u:p@db/l", "mine").toString())
        .contains("schema mine");
    assertThatThrownBy(() -> TestDatabase.open(url, "mine")).isInstanceOf(RotationException.class);
  }
}
