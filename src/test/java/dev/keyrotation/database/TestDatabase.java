package dev.keyrotation.database;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.keyrotation.api.v1alpha1.Epoch;
import dev.keyrotation.api.v1alpha1.TlsSpec;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** A LiteLLM database of a test, seen by an admin who is not the code under test. */
public final class TestDatabase {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final int port;
  private final String name;

  TestDatabase(int port, String name) {
    this.port = port;
    this.name = name;
  }

  /** A KeyRotation on which nobody has acted yet. */
  static DatabaseOwner owner(String name) {
    return new DatabaseOwner(name, Epoch.NONE);
  }

  /** The URL as LiteLLM would have it. */
  public String url() {
    return url(port);
  }

  int port() {
    return port;
  }

  /** The same through another port. */
  String url(int through) {
    return "postgresql://litellm:"
        + URLEncoder.encode(LiteLlmServer.PASSWORD, StandardCharsets.UTF_8)
        + "@localhost:"
        + through
        + "/"
        + name
        + "?connection_limit=5&pool_timeout=10";
  }

  RotationDatabase open() {
    return open(url(), "public");
  }

  /** The database of any URL, without a spec that asks for more. */
  static RotationDatabase open(String url, String schema) {
    return PostgresDatabases.open(ConnectionUrl.parse(url, TlsSpec.defaults(), null), schema);
  }

  /** A session of the superuser. */
  Connection admin() throws SQLException {
    return DriverManager.getConnection(LiteLlmServer.jdbc(port, name), "postgres", "");
  }

  /** A session of LiteLLM's role. */
  Connection litellm(String application) throws SQLException {
    return DriverManager.getConnection(
        LiteLlmServer.jdbc(port, name) + "?ApplicationName=" + application,
        "litellm",
        LiteLlmServer.PASSWORD);
  }

  /** Runs a statement; parameters are bound as text and cast by the statement. */
  public int run(String sql, @Nullable Object... parameters) {
    try (Connection connection = admin();
        PreparedStatement statement = connection.prepareStatement(sql)) {
      for (int i = 0; i < parameters.length; i++) {
        statement.setObject(i + 1, parameters[i]);
      }
      return statement.executeUpdate();
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  /** The first column of all rows, as text. */
  public List<@Nullable String> column(String sql) {
    try (Connection connection = admin();
        Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(sql)) {
      List<@Nullable String> values = new ArrayList<>();
      while (row.next()) {
        values.add(row.getString(1));
      }
      return values;
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  /** The only value of the only row. */
  public String value(String sql) {
    return String.valueOf(column(sql).getFirst());
  }

  boolean hasColumn(String table, String column) {
    return !column(
            "SELECT 1 FROM information_schema.columns WHERE table_schema = 'public' AND table_name"
                + " = '"
                + table
                + "' AND column_name = '"
                + column
                + "'")
        .isEmpty();
  }

  /** A digest of all rows of all of LiteLLM's tables, leaving out the columns named. */
  String digest(String... leftOut) {
    List<String> parts = new ArrayList<>();
    for (String table :
        column(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND left(relname, 8) = 'LiteLLM_'"
                + " AND relnamespace = 'public'::regnamespace ORDER BY 1")) {
      String minus =
          java.util.Arrays.stream(leftOut)
              .filter(c -> c.startsWith(table + "."))
              .map(c -> " - '" + c.substring(c.indexOf('.') + 1) + "'")
              .collect(Collectors.joining());
      parts.add(
          table
              + value(
                  "SELECT coalesce(md5(string_agg(d, ',' ORDER BY d)), '-') FROM (SELECT"
                      + " md5((to_jsonb(t)"
                      + minus
                      + ")::text) d FROM \""
                      + table
                      + "\" t) s"));
    }
    return String.join("\n", parts);
  }

  void model(String id, Map<String, ?> params) {
    run(
        """
        INSERT INTO "LiteLLM_ProxyModelTable" (model_id, model_name, litellm_params, model_info,
               created_by, updated_by, updated_at)
        VALUES (?, 'a model', ?::jsonb, '{"id": "x", "n": 1.50}', 'me', 'me', '2020-01-01')
        """,
        id,
        json(params));
  }

  /** Many models with the same parameters. */
  void models(int count, Map<String, ?> params) {
    run(
        """
        INSERT INTO "LiteLLM_ProxyModelTable" (model_id, model_name, litellm_params, created_by,
               updated_by, updated_at)
        SELECT 'm' || i, 'a model', ?::jsonb, 'me', 'me', now() FROM generate_series(1, ?) i
        """,
        json(params),
        count);
  }

  void config(String name, Object value) {
    run(
        "INSERT INTO \"LiteLLM_Config\" (param_name, param_value) VALUES (?, ?::jsonb)",
        name,
        json(value));
  }

  void token(String token, @Nullable String alias, @Nullable String user) {
    run(
        """
        INSERT INTO "LiteLLM_VerificationToken" (token, key_name, key_alias, user_id, models, spend)
        VALUES (?, 'sk-...abcd', ?, ?, '{}', 12.5)
        """,
        token,
        alias,
        user);
  }

  static String json(Object value) {
    try {
      return JSON.writeValueAsString(value);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }
}
