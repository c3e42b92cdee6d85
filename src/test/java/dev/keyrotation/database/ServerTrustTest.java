package dev.keyrotation.database;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.keyrotation.api.v1alpha1.CaSource;
import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.api.v1alpha1.TlsMode;
import dev.keyrotation.api.v1alpha1.TlsSpec;
import dev.keyrotation.failure.RotationException;
import dev.keyrotation.key.KeyMaterial;
import dev.keyrotation.key.KeySet;
import dev.keyrotation.tls.TestAuthority;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Against a real server with TLS, whose certificate is for {@code localhost}. */
class ServerTrustTest {
  private static final TestAuthority AUTHORITY = new TestAuthority("the right one");
  private static final TestAuthority OTHER = new TestAuthority("another one");
  private static final CaSource SOMEWHERE = CaSource.ofConfigMap("ca", "ca.crt");
  private static final TlsSpec VERIFIED = TlsSpec.verifiedBy(SOMEWHERE);
  private static final KeySet KEYS =
      new KeySet(KeyMaterial.of("sk-canary-master"), KeyMaterial.of("sk-canary-salt"));

  @TempDir static Path directory;
  private static EmbeddedPostgres server;

  @BeforeAll
  static void start() throws IOException {
    TestAuthority.Server certificate = AUTHORITY.server("localhost");
    Path key = directory.resolve("server.key");
    Files.createFile(
        key, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    Files.writeString(key, certificate.keyPem());
    Path file = Files.writeString(directory.resolve("server.crt"), certificate.certificatePem());
    server =
        EmbeddedPostgres.builder()
            .setServerConfig("fsync", "off")
            .setServerConfig("ssl", "on")
            .setServerConfig("ssl_cert_file", file.toString())
            .setServerConfig("ssl_key_file", key.toString())
            .start();
  }

  @AfterAll
  static void stop() throws IOException {
    server.close();
  }

  private static String url(String host, String parameters) {
    return "postgresql://postgres:canary-password@"
        + host
        + ":"
        + server.getPort()
        + "/postgres?"
        + parameters;
  }

  private static RotationDatabase open(String url, TlsSpec tls, @Nullable String pem) {
    return PostgresDatabases.open(ConnectionUrl.parse(url, tls, pem), "public");
  }

  /** Whether our own connection to the server is encrypted. */
  private static boolean encrypted(String url, TlsSpec tls, @Nullable String pem)
      throws SQLException {
    try (Connection connection = ConnectionUrl.parse(url, tls, pem).dataSource(30).getConnection();
        Statement statement = connection.createStatement();
        var row =
            statement.executeQuery("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")) {
      row.next();
      return row.getBoolean(1);
    }
  }

  private static void refused(String url, TlsSpec tls, @Nullable String pem, String sentence) {
    assertThatThrownBy(() -> open(url, tls, pem).inspect(TestDatabase.owner("ai/x"), KEYS))
        .isInstanceOfSatisfying(
            RotationException.class,
            e -> {
              assertThat(e.reason()).isEqualTo(ConditionReason.TLS_FAILED);
              assertThat(e.sentence()).contains(sentence).doesNotContain("canary");
              assertThat(e).hasNoCause();
            });
  }

  @ParameterizedTest
  @CsvSource({"''", "sslmode=disable", "sslmode=prefer", "sslmode=require", "sslmode=nonsense"})
  void verifiesWhateverTheUrlAsksFor(String parameters) throws SQLException {
    assertThat(encrypted(url("localhost", parameters), VERIFIED, AUTHORITY.pem())).isTrue();
  }

  @Test
  void trustsEachAuthorityOfSeveral() throws SQLException {
    String both = "# the old one\n" + OTHER.pem() + "# the new one\n" + AUTHORITY.pem();

    assertThat(encrypted(url("localhost", ""), VERIFIED, both)).isTrue();
  }

  @Test
  void refusesAnotherAuthority() {
    refused(url("localhost", ""), VERIFIED, OTHER.pem(), "certificate of an authority that is not");
  }

  @Test
  void refusesUnknownAuthorityWhenNoneIsNamed() {
    refused(
        url("localhost", ""),
        new TlsSpec(TlsMode.VERIFY_FULL, null, null),
        null,
        "certificate of an authority that is not");
  }

  @Test
  void refusesCertificateForAnotherName() {
    refused(
        url("127.0.0.1", ""),
        VERIFIED,
        AUTHORITY.pem(),
        "shows a certificate that is not for the name 127.0.0.1");
    refused(
        url("localhost", ""),
        new TlsSpec(null, SOMEWHERE, "db.example.com"),
        AUTHORITY.pem(),
        "shows a certificate that is not for the name db.example.com");
  }

  @Test
  void comparesWithTheNameOfTheSpec() throws SQLException {
    TlsSpec named = new TlsSpec(null, SOMEWHERE, "localhost");

    assertThat(encrypted(url("127.0.0.1", ""), named, AUTHORITY.pem())).isTrue();
  }

  @Test
  void refusesServerWithoutTls() throws IOException {
    try (EmbeddedPostgres plain = EmbeddedPostgres.start()) {
      String url = "postgresql://postgres:canary@localhost:" + plain.getPort() + "/postgres";

      refused(url, VERIFIED, AUTHORITY.pem(), "does not offer TLS");
    }
  }

  @Test
  void refusesTextThatIsNoCertificate() {
    refused(url("localhost", ""), VERIFIED, "canary", "holds no readable certificate");
    refused(
        url("localhost", ""),
        VERIFIED,
        AUTHORITY.server("localhost").keyPem(),
        "holds no readable certificate");
  }

  @ParameterizedTest
  @CsvSource({
    "db.example.com, , verify",
    "10.0.0.7, sslmode=disable, verify",
    "db, sslmode=require, verify",
    "localhost, , prefer",
    "127.0.0.1, sslmode=disable, disable",
    "127.0.0.1, sslmode=require, require",
    "[::1], , prefer",
    "localhost, sslmode=verify-full, verify",
    "localhost, sslaccept=strict, verify",
  })
  void byDefaultOnlyTheLoopbackAddressDoesWithoutTls(
      String host, @Nullable String parameters, String mode) {
    String url = "postgresql://u:p@" + host + "/l?" + (parameters == null ? "" : parameters);

    var source = ConnectionUrl.parse(url, TlsSpec.defaults(), null).dataSource(30);

    assertThat(source.getSslMode()).startsWith(mode);
    assertThat(VerifyingSocketFactory.class.getName().equals(source.getSslfactory()))
        .isEqualTo(mode.equals("verify"));
  }

  @Test
  void readsTheAuthorityThatTheUrlNames() throws IOException, SQLException {
    Path file = Files.writeString(directory.resolve("ca.crt"), AUTHORITY.pem());
    Path wrong = Files.writeString(directory.resolve("other.crt"), OTHER.pem());

    for (String parameter : List.of("sslrootcert", "sslcert")) {
      String strict = "sslmode=require&sslaccept=strict&" + parameter + "=";
      assertThat(encrypted(url("localhost", strict + file), TlsSpec.disabled(), null)).isTrue();
      refused(url("localhost", strict + wrong), TlsSpec.disabled(), null, "authority that is not");
      refused(
          url("localhost", strict + "/canary/ca.crt"),
          TlsSpec.disabled(),
          null,
          "cannot be read here. Set spec.database.tls.caFrom");
    }
  }
}
