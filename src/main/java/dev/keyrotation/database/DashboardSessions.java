package dev.keyrotation.database;

import java.sql.Connection;
import java.sql.SQLException;

/**
 * Keys of sessions in LiteLLM's dashboard. Each log-in makes one, with the rights of its user, and
 * puts it into the browser's cookie; it outlives a change of the master key. Read off 1.80 to
 * 1.108: the team is reserved for them.
 */
final class DashboardSessions {
  static final String TEAM = "litellm-dashboard";

  private final Connection connection;
  private final Catalog catalog;

  DashboardSessions(Connection connection, Catalog catalog) {
    this.connection = connection;
    this.catalog = catalog;
  }

  /** Ends them all; returns how many. */
  int end(String rotationId) throws SQLException {
    return EndedRows.endTeam(connection, catalog, rotationId, TEAM);
  }
}
