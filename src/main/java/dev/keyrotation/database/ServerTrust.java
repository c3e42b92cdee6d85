package dev.keyrotation.database;

import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.api.v1alpha1.TlsMode;
import dev.keyrotation.api.v1alpha1.TlsSpec;
import dev.keyrotation.failure.Recovery;
import dev.keyrotation.failure.RotationException;
import dev.keyrotation.tls.Authorities;
import dev.keyrotation.tls.Loopback;
import dev.keyrotation.tls.TlsFailures;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.postgresql.ds.PGSimpleDataSource;

/**
 * What has to be true of the server before the login is sent to it: the stricter of the spec and
 * the URL. The spec's default is a verified certificate, except for a server on the loopback
 * address.
 *
 * <p>The URL's parameters are read as Prisma does, which is LiteLLM's client: {@code sslmode} is
 * {@code disable}, {@code prefer} or {@code require}, any other word means {@code prefer}; {@code
 * sslaccept=strict} verifies; {@code sslcert} names a file with the authority. Beyond that
 * PostgreSQL's {@code verify-ca}, {@code verify-full} and {@code sslrootcert} are honoured.
 */
final class ServerTrust {
  static final String FIELD = "spec.database.tls.caFrom";

  private final String host;
  private final int port;
  private final Map<String, String> parameters;
  private final TlsSpec spec;
  private final @Nullable String pem;

  /**
   * @param parameters those of the URL
   * @param pem what {@code spec.caFrom()} holds
   */
  ServerTrust(
      String host, int port, Map<String, String> parameters, TlsSpec spec, @Nullable String pem) {
    this.host = host;
    this.port = port;
    this.parameters = parameters;
    this.spec = spec;
    this.pem = pem;
  }

  /** {@code disable}, {@code prefer}, {@code require}, {@code verify-ca} or {@code verify-full}. */
  private String mode() {
    boolean insist =
        spec.mode() == null
            ? !Loopback.is(host) || spec.caFrom() != null || spec.serverName() != null
            : spec.mode() == TlsMode.VERIFY_FULL;
    return insist ? "verify-full" : modeOfUrl();
  }

  private String modeOfUrl() {
    String mode = parameters.getOrDefault("sslmode", "prefer").toLowerCase(Locale.ROOT);
    boolean strict = "strict".equals(parameters.get("sslaccept"));
    return switch (mode) {
      case "disable" -> mode;
      case "verify-ca", "verify-full", "require" -> strict ? "verify-full" : mode;
      default -> strict ? "verify-full" : "prefer";
    };
  }

  /**
   * Sets it on a source of connections.
   *
   * @throws RotationException with {@code TLS_FAILED} when the authorities cannot be read
   */
  void apply(PGSimpleDataSource source) {
    String mode = mode();
    boolean verified = mode.startsWith("verify");
    // With verify-full the driver compares the name once more, but only with the URL's host.
    source.setSslMode(verified ? "verify-ca" : mode);
    if (!verified) {
      return;
    }
    String authorities = authorities();
    Authorities.context(authorities, FIELD);
    source.setSslfactory(VerifyingSocketFactory.class.getName());
    source.setSslFactoryArg(
        VerifyingSocketFactory.argument(mode.equals("verify-full") ? name() : null, authorities));
  }

  private String name() {
    return spec.serverName() == null ? host.replaceAll("[\\[\\]]", "") : spec.serverName();
  }

  private @Nullable String authorities() {
    String file = parameters.getOrDefault("sslrootcert", parameters.get("sslcert"));
    if (pem != null || file == null || file.equals("system")) {
      return pem;
    }
    try {
      return Files.readString(Path.of(file));
    } catch (IOException | InvalidPathException e) {
      throw failed(
          "The database URL names a file with its authority (sslrootcert or sslcert) that cannot be"
              + " read here. Set "
              + FIELD
              + " to a copy of it.");
    }
  }

  /** What {@code failure} says about the server's TLS; null when it is about something else. */
  @Nullable RotationException failure(SQLException failure) {
    if (!mode().startsWith("verify")) {
      return null;
    }
    String server = "The database server " + host + ":" + port + " ";
    String distrust = TlsFailures.distrust(failure, name());
    if (distrust != null) {
      return failed(
          server
              + distrust
              + ". Set "
              + FIELD
              + " to its authority, or let the URL name the server as its certificate does (or"
              + " spec.database.tls.serverName).");
    }
    // The driver's own word for a server without TLS stands for other refusals too.
    if ("08004".equals(failure.getSQLState()) && TlsProbe.isRefused(host, port)) {
      return failed(
          server
              + "does not offer TLS, so the login and the keys could be read on their way. Turn its TLS on;"
              + " or, if you trust the network to it, set spec.database.tls.mode: Disabled.");
    }
    return null;
  }

  private static RotationException failed(String sentence) {
    return new RotationException(ConditionReason.TLS_FAILED, Recovery.HALT, sentence);
  }
}
