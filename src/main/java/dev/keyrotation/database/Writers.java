package dev.keyrotation.database;

import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.database.RotationDatabase.Session;
import dev.keyrotation.failure.Recovery;
import dev.keyrotation.failure.RotationException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

/**
 * Who may write to LiteLLM's tables beside us. When our role is the owner of the tables it is
 * LiteLLM's own, and its other sessions count. A role of our own is not LiteLLM's: then those of
 * every role count that may write, superusers aside.
 */
final class Writers {
  private static final String ROLES =
      """
      SELECT r.oid, r.rolname FROM pg_roles r, pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
       WHERE n.nspname = ? AND c.relname = 'LiteLLM_VerificationToken'
         AND (r.rolname = session_user
              OR c.relowner <> (SELECT oid FROM pg_roles WHERE rolname = session_user)
                 AND NOT r.rolsuper AND has_table_privilege(r.oid, c.oid, 'UPDATE'))
      """;

  private final Connection connection;
  private final String schema;

  Writers(Connection connection, String schema) {
    this.connection = connection;
    this.schema = schema;
  }

  /** Their sessions in this database, without ours. */
  List<Session> sessions() throws SQLException {
    List<Session> sessions = new ArrayList<>();
    try (PreparedStatement statement =
        connection.prepareStatement(
            "SELECT coalesce(host(client_addr), 'local'), nullif(application_name, '') FROM"
                + " pg_stat_activity WHERE datname = current_database() AND usesysid IN (SELECT"
                + " w.oid FROM ("
                + ROLES
                + ") w) AND pid <> pg_backend_pid() AND backend_type = 'client backend' AND"
                + " application_name <> ? AND NOT starts_with(application_name, ?) ORDER BY"
                + " backend_start")) {
      statement.setString(1, schema);
      statement.setString(2, Connections.APPLICATION_NAME);
      statement.setString(3, MarkProbe.NAME);
      try (ResultSet row = statement.executeQuery()) {
        while (row.next()) {
          sessions.add(new Session(row.getString(1), row.getString(2)));
        }
      }
    }
    return List.copyOf(sessions);
  }

  /** Whether our role is the owner of LiteLLM's tables itself, and not one of its own. */
  boolean areOurs() throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement("SELECT session_user::text");
        ResultSet row = statement.executeQuery()) {
      row.next();
      return owner().equals(row.getString(1));
    }
  }

  /** Roles of them that may log in and whose sessions the server does not show us. */
  List<String> hidden() throws SQLException {
    List<String> names = new ArrayList<>();
    try (PreparedStatement statement =
        connection.prepareStatement(
            "SELECT quote_ident(w.rolname) FROM ("
                + ROLES
                + ") w JOIN pg_roles r ON r.oid = w.oid WHERE r.rolcanlogin AND NOT"
                + " pg_has_role(w.oid, 'USAGE') AND NOT pg_has_role('pg_read_all_stats', 'USAGE')"
                + " ORDER BY 1")) {
      statement.setString(1, schema);
      try (ResultSet row = statement.executeQuery()) {
        while (row.next()) {
          names.add(row.getString(1));
        }
      }
    }
    return List.copyOf(names);
  }

  /**
   * The owner of LiteLLM's tables.
   *
   * @throws RotationException with {@code DATABASE_NOT_LITELLM} when there are none
   */
  String owner() throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement(
            "SELECT r.rolname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN"
                + " pg_roles r ON r.oid = c.relowner WHERE n.nspname = ? AND c.relname ="
                + " 'LiteLLM_VerificationToken'")) {
      statement.setString(1, schema);
      try (ResultSet row = statement.executeQuery()) {
        if (row.next()) {
          return row.getString(1);
        }
      }
    }
    throw new RotationException(
        ConditionReason.DATABASE_NOT_LITELLM,
        Recovery.HALT,
        "Schema "
            + schema
            + " has no table LiteLLM_VerificationToken. Correct the URL or"
            + " spec.database.schema.");
  }
}
