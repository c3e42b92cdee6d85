package dev.keyrotation.database;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

/**
 * The statements that let a role other than LiteLLM's rotate, for whoever may run them: a
 * superuser, or at a provider the administrator that it gives. None is superfluous.
 */
final class OwnRole {
  private final Connection connection;
  private final String schema;
  private final String role;

  OwnRole(Connection connection, String schema, String role) {
    this.connection = connection;
    this.schema = schema;
    this.role = role;
  }

  /**
   * Without semicolons.
   *
   * @param fence also what the fence needs: only an owner of a table may set a policy, so the role
   *     becomes a member of the owner of LiteLLM's tables, and with that has all its rights
   */
  List<String> statements(boolean fence) throws SQLException {
    String owner = new Writers(connection, schema).owner();
    List<String> statements = new ArrayList<>(schemaOfOurs(fence, owner));
    String to = " TO " + Sql.name(role);
    if (fence) {
      statements.add("GRANT " + Sql.name(owner) + to);
      return statements;
    }
    Catalog catalog = Catalog.read(connection, schema);
    statements.add("GRANT CONNECT ON DATABASE " + Sql.name(connection.getCatalog()) + to);
    statements.add("GRANT USAGE ON SCHEMA " + Sql.name(schema) + to);
    statements.add("GRANT pg_read_all_stats" + to);
    statements.addAll(Privileges.of(catalog, connection).grants(catalog, role));
    return statements;
  }

  /** The schema is made for the role, or handed over with all that is in it. */
  private List<String> schemaOfOurs(boolean member, String owner) throws SQLException {
    if (texts("SELECT nspname FROM pg_namespace WHERE nspname = ?", OwnSchema.NAME).isEmpty()) {
      boolean mayMakeIt =
          member
              && texts(
                      "SELECT has_database_privilege(?, current_database(), 'CREATE')::text", owner)
                  .contains("true");
      return mayMakeIt
          ? List.of()
          : List.of("CREATE SCHEMA keyrotation AUTHORIZATION " + Sql.name(role));
    }
    String to = " OWNER TO " + Sql.name(role);
    String foreign = " AND pg_get_userbyid(%s) <> ?";
    List<String> statements = new ArrayList<>();
    texts(
            "SELECT nspname FROM pg_namespace WHERE nspname = ?" + foreign.formatted("nspowner"),
            OwnSchema.NAME,
            role)
        .forEach(name -> statements.add("ALTER SCHEMA keyrotation" + to));
    texts(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = to_regnamespace(?)"
                + foreign.formatted("relowner")
                + " ORDER BY 1",
            OwnSchema.NAME,
            role)
        .forEach(name -> statements.add("ALTER TABLE " + Sql.name(OwnSchema.NAME, name) + to));
    texts(
            "SELECT oid::regprocedure::text FROM pg_proc WHERE pronamespace = to_regnamespace(?)"
                + foreign.formatted("proowner")
                + " ORDER BY 1",
            OwnSchema.NAME,
            role)
        .forEach(name -> statements.add("ALTER FUNCTION " + name + to));
    return statements;
  }

  private List<String> texts(String sql, String... parameters) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      for (int i = 0; i < parameters.length; i++) {
        statement.setString(i + 1, parameters[i]);
      }
      List<String> texts = new ArrayList<>();
      try (ResultSet row = statement.executeQuery()) {
        while (row.next()) {
          texts.add(row.getString(1));
        }
      }
      return texts;
    }
  }
}
