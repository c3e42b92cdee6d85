package dev.keyrotation.database;

import dev.keyrotation.api.v1alpha1.AdminAccess;
import dev.keyrotation.api.v1alpha1.CompromiseReport;
import dev.keyrotation.database.RotationDatabase.Admins;
import dev.keyrotation.key.KeyMaterial;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Keys and users with admin rights. A key has those of its user, and an admin's user has the role
 * {@code proxy_admin}.
 */
final class AdminRows {
  /** Whom LiteLLM names as creator of what was created with the master key. */
  private static final String MASTER_KEY_USER = "default_user_id";

  private static final int LONGEST_NAME = 100;

  private final Connection connection;
  private final Catalog catalog;
  private final List<AdminAccess> newest = new ArrayList<>();

  AdminRows(Connection connection, Catalog catalog) {
    this.connection = connection;
    this.catalog = catalog;
  }

  Admins since(@Nullable Instant since, KeyMaterial master) throws SQLException {
    int keys = keys(since, master);
    int users = users(since);
    return new Admins(keys, users, List.copyOf(newest));
  }

  private int keys(@Nullable Instant since, KeyMaterial master) throws SQLException {
    String created = column(Catalog.TOKENS, "created_at", "timestamp");
    return list(
        AdminAccess.Kind.KEY,
        "SELECT coalesce(nullif(t.key_alias, ''), t.key_name, '(no name)'), t.user_id, "
            + created
            + " AT TIME ZONE 'UTC', "
            + column(Catalog.TOKENS, "created_by", "text")
            + ", count(*) OVER () FROM "
            + catalog.sql(Catalog.TOKENS)
            + " t JOIN "
            + catalog.sql(Catalog.USERS)
            + " u ON u.user_id = t.user_id WHERE u.user_role = 'proxy_admin' AND NOT "
            + GraceRows.IS_GRACE
            + " AND t.team_id IS DISTINCT FROM '"
            + DashboardSessions.TEAM
            + "' AND (t.expires IS NULL OR t.expires > now() AT TIME ZONE 'UTC') AND t.token <> ?",
        created,
        since,
        master.tokenHash());
  }

  private int users(@Nullable Instant since) throws SQLException {
    String created = column(Catalog.USERS, "created_at", "timestamp");
    return list(
        AdminAccess.Kind.USER,
        "SELECT t.user_id, NULL, "
            + created
            + " AT TIME ZONE 'UTC', NULL, count(*) OVER () FROM "
            + catalog.sql(Catalog.USERS)
            + " t WHERE t.user_role = 'proxy_admin' AND NOT "
            + GraceRows.IS_GRACE,
        created,
        since);
  }

  /** Older schemas lack some columns. */
  private String column(String table, String name, String type) {
    return catalog.has(table, name) ? "t." + Sql.name(name) : "CAST(NULL AS " + type + ")";
  }

  /** Adds the newest to the list; returns how many there are. */
  private int list(
      AdminAccess.Kind kind,
      String select,
      String created,
      @Nullable Instant since,
      String... parameters)
      throws SQLException {
    String sql =
        select
            + " AND coalesce("
            + created
            + " >= CAST(? AS timestamptz) AT TIME ZONE 'UTC', true) ORDER BY "
            + created
            + " DESC NULLS FIRST, 1 LIMIT "
            + CompromiseReport.MOST_LISTED;
    int total = 0;
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      int next = 1;
      for (String parameter : parameters) {
        statement.setString(next++, parameter);
      }
      statement.setObject(
          next, since == null ? null : OffsetDateTime.ofInstant(since, ZoneOffset.UTC));
      try (ResultSet row = statement.executeQuery()) {
        while (row.next()) {
          total = row.getInt(5);
          newest.add(read(kind, row));
        }
      }
    }
    return total;
  }

  private static AdminAccess read(AdminAccess.Kind kind, ResultSet row) throws SQLException {
    OffsetDateTime created = row.getObject(3, OffsetDateTime.class);
    return new AdminAccess(
        kind,
        plain(row.getString(1)),
        row.getString(2) == null ? null : plain(row.getString(2)),
        created == null ? null : created.toInstant().truncatedTo(ChronoUnit.SECONDS).toString(),
        kind == AdminAccess.Kind.KEY ? creator(row.getString(4)) : null);
  }

  private static String creator(@Nullable String user) {
    return user == null ? "Unknown" : user.equals(MASTER_KEY_USER) ? "MasterKey" : "User";
  }

  /** Somebody else wrote it: short, and without line breaks. */
  private static String plain(String text) {
    String line = text.replaceAll("\\p{Cntrl}", " ");
    return line.length() <= LONGEST_NAME ? line : line.substring(0, LONGEST_NAME) + "...";
  }
}
