package dev.keyrotation.database;

import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.api.v1alpha1.TlsSpec;
import dev.keyrotation.failure.Recovery;
import dev.keyrotation.failure.RotationException;
import dev.keyrotation.key.KeyMaterial;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.postgresql.ds.PGSimpleDataSource;

/**
 * A connection URL in the form that LiteLLM (that is, Prisma) reads: {@code
 * postgresql://user:password@host:port/database?schema=...&sslmode=...}. User, password and
 * database are percent-encoded; {@code postgres://} is the same.
 *
 * <p>Parameters: {@code schema}; those about TLS, see {@link ServerTrust}; {@code options}; {@code
 * pgbouncer=true}. Sizes and timeouts of Prisma's pool have no meaning here.
 */
final class ConnectionUrl {
  private static final int DEFAULT_PORT = 5432;

  private final String host;
  private final int port;
  private final String database;
  private final String user;
  private final @Nullable KeyMaterial password;
  private final Map<String, String> parameters;
  private final ServerTrust trust;

  private ConnectionUrl(
      String host,
      int port,
      String database,
      String user,
      @Nullable KeyMaterial password,
      Map<String, String> parameters,
      ServerTrust trust) {
    this.host = host;
    this.port = port;
    this.database = database;
    this.user = user;
    this.password = password;
    this.parameters = parameters;
    this.trust = trust;
  }

  /**
   * Parses a URL.
   *
   * @param authorities what {@code tls.caFrom()} holds
   * @throws RotationException with {@code DATABASE_URL_INVALID}; the message quotes nothing of the
   *     URL
   */
  static ConnectionUrl parse(String text, TlsSpec tls, @Nullable String authorities) {
    String url = text.strip();
    int scheme = url.indexOf("://");
    if (scheme < 0 || !url.substring(0, scheme).matches("postgres(ql)?")) {
      throw invalid("it does not begin with postgresql://");
    }
    // The password may hold characters that a URI must not; LiteLLM's own reader takes them.
    int query = url.indexOf('?', scheme);
    String authorityAndPath = url.substring(scheme + 3, query < 0 ? url.length() : query);
    int at = authorityAndPath.lastIndexOf('@');
    if (at < 0) {
      throw invalid("it names no user");
    }
    String login = authorityAndPath.substring(0, at);
    int colon = login.indexOf(':');
    String user = decode(colon < 0 ? login : login.substring(0, colon));
    if (user.isEmpty()) {
      throw invalid("it names no user");
    }
    Map<String, String> parameters = parameters(query < 0 ? "" : url.substring(query + 1));
    if (parameters.getOrDefault("host", "").startsWith("/")) {
      throw invalid("it names a unix socket; give host and port of the server");
    }
    if (parameters.containsKey("sslidentity")) {
      throw invalid("it names a client certificate (sslidentity), which is not supported");
    }
    URI server = server(authorityAndPath.substring(at + 1));
    String path = server.getRawPath() == null ? "" : server.getRawPath();
    if (path.length() < 2) {
      throw invalid("it names no database");
    }
    int port = server.getPort() < 0 ? DEFAULT_PORT : server.getPort();
    return new ConnectionUrl(
        server.getHost(),
        port,
        decode(path.substring(1)),
        user,
        colon < 0 ? null : KeyMaterial.of(decode(login.substring(colon + 1))),
        parameters,
        new ServerTrust(server.getHost(), port, parameters, tls, authorities));
  }

  private static URI server(String hostPortPath) {
    if (hostPortPath.startsWith("%2F") || hostPortPath.startsWith("/")) {
      throw invalid("it names a unix socket; give host and port of the server");
    }
    int slash = hostPortPath.indexOf('/');
    if (hostPortPath.substring(0, slash < 0 ? hostPortPath.length() : slash).contains(",")) {
      throw invalid("it names several hosts; give the writable one");
    }
    try {
      URI uri = new URI("postgresql://" + hostPortPath);
      if (uri.getHost() == null) {
        throw invalid("its host or port cannot be read");
      }
      return uri;
    } catch (URISyntaxException e) {
      throw invalid("its host, port or database cannot be read");
    }
  }

  private static Map<String, String> parameters(String query) {
    Map<String, String> parameters = new TreeMap<>();
    for (String pair : query.split("&", -1)) {
      int equals = pair.indexOf('=');
      if (equals > 0) {
        parameters.put(decode(pair.substring(0, equals)), decode(pair.substring(equals + 1)));
      }
    }
    return parameters;
  }

  /** Percent-decoding only: a plus sign stands for itself. */
  private static String decode(String text) {
    try {
      return URLDecoder.decode(text.replace("+", "%2B"), StandardCharsets.UTF_8);
    } catch (IllegalArgumentException e) {
      throw invalid("a percent sign in it is not followed by two hex digits");
    }
  }

  private static RotationException invalid(String why) {
    return new RotationException(
        ConditionReason.DATABASE_URL_INVALID,
        Recovery.HALT,
        "The database URL cannot be used: "
            + why
            + ". Expected postgresql://user:password@host:port/database, with special characters"
            + " of user and password percent-encoded.");
  }

  /**
   * The schema that the URL names, where LiteLLM then keeps its tables; null when it names none.
   */
  @Nullable String schema() {
    return parameters.get("schema");
  }

  /** Whether a pooler stands between us and the server. */
  boolean pooled() {
    return "true".equals(parameters.get("pgbouncer"));
  }

  /** What has to be true of the server. */
  ServerTrust trust() {
    return trust;
  }

  /** Host and database, for messages. */
  String place() {
    return host + ":" + port + "/" + database;
  }

  /**
   * A source of connections.
   *
   * @param socketSeconds how long an answer may take before the connection counts as dead
   */
  PGSimpleDataSource dataSource(int socketSeconds) {
    PGSimpleDataSource source = new PGSimpleDataSource();
    source.setServerNames(new String[] {host});
    source.setPortNumbers(new int[] {port});
    source.setDatabaseName(database);
    source.setUser(user);
    if (password != null) {
      source.setPassword(password.reveal());
    }
    source.setApplicationName(Connections.APPLICATION_NAME);
    source.setConnectTimeout(Connections.CONNECT_SECONDS);
    source.setLoginTimeout(Connections.CONNECT_SECONDS);
    source.setSocketTimeout(socketSeconds);
    source.setTcpKeepAlive(true);
    source.setLogServerErrorDetail(false);
    trust.apply(source);
    String options = parameters.get("options");
    if (options != null) {
      source.setOptions(options);
    }
    if (pooled()) {
      source.setPrepareThreshold(0);
    }
    return source;
  }

  @Override
  public String toString() {
    return "ConnectionUrl[" + place() + "]";
  }
}
