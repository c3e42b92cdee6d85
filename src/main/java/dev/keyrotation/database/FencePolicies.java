package dev.keyrotation.database;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The fence as the database has it: addresses in {@code keyrotation.fenced}, or a mark in {@code
 * keyrotation.fenced_but}, and on each fenced table a policy that asks for them, once per
 * statement. A statement of a fenced client fails with SQLSTATE 55000; everybody else is let
 * through.
 *
 * <p>All methods work in the transaction of their connection.
 */
final class FencePolicies {
  static final String POLICY = "keyrotation_fence";

  /**
   * Readers queue behind a lock that is waited for, so each wait is short and there are several.
   */
  private static final Duration LOCK_WAIT = Duration.ofMillis(500);

  /** Doubled each time: what holds the lock may take a while, and readers have their turn. */
  private static final Duration FIRST_PAUSE = Duration.ofMillis(250);

  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(2);
  private static final int ATTEMPTS = 8;
  private static final String LOCK_NOT_AVAILABLE = "55P03";

  private final Connection connection;
  private final String schema;

  FencePolicies(Connection connection, String schema) {
    this.connection = connection;
    this.schema = schema;
  }

  /** Tables that are fenced: those that hold values and that not every request needs. */
  static List<String> tables(Catalog catalog) {
    return catalog.tables().keySet().stream().filter(ColumnRole::fenceable).sorted().toList();
  }

  /**
   * Holds off exactly {@code addresses}, or every session of our own role without {@code mark};
   * with neither, nobody.
   */
  void set(Catalog catalog, String rotationId, Set<String> addresses, @Nullable String mark)
      throws SQLException {
    if (addresses.isEmpty() && mark == null) {
      remove();
      return;
    }
    forget();
    if (mark != null) {
      run(
          "INSERT INTO keyrotation.fenced_but (litellm_schema, rotation_id, role, mark)"
              + " VALUES (?, ?, session_user, ?)",
          schema,
          rotationId,
          mark);
    }
    for (String address : new TreeSet<>(addresses)) {
      run(
          "INSERT INTO keyrotation.fenced (litellm_schema, rotation_id, address)"
              + " VALUES (?, ?, CAST(? AS inet))",
          schema,
          rotationId,
          address);
    }
    Set<String> fenced = new TreeSet<>(fencedTables());
    List<String> missing = tables(catalog).stream().filter(t -> !fenced.contains(t)).toList();
    lock(missing);
    for (String table : missing) {
      String name = catalog.sql(table);
      execute("ALTER TABLE " + name + " ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY");
      // In a sub-select, so that it is asked once per statement and not once per row.
      String admitted = "((SELECT keyrotation.admitted(" + Sql.literal(schema) + ")))";
      execute(
          "CREATE POLICY "
              + POLICY
              + " ON "
              + name
              + " USING "
              + admitted
              + " WITH CHECK "
              + admitted);
    }
  }

  /** Addresses that {@code rotationId} holds off. */
  Set<String> addresses(String rotationId) throws SQLException {
    return new TreeSet<>(
        column(
            "SELECT host(address) FROM keyrotation.fenced WHERE litellm_schema = ? AND"
                + " rotation_id = ?",
            schema,
            rotationId));
  }

  /** The mark that {@code rotationId} lets through; null when it tells by no mark. */
  @Nullable String mark(String rotationId) throws SQLException {
    if (!tellsByMark()) {
      return null;
    }
    List<String> marks =
        column(
            "SELECT mark FROM keyrotation.fenced_but WHERE litellm_schema = ? AND rotation_id = ?",
            schema,
            rotationId);
    return marks.isEmpty() ? null : marks.getFirst();
  }

  /** Lets everybody but {@code addresses} through; removes the fence when nobody is left. */
  void shrink(String rotationId, Set<String> addresses) throws SQLException {
    for (String address : addresses(rotationId)) {
      if (!addresses.contains(address)) {
        run(
            "DELETE FROM keyrotation.fenced WHERE litellm_schema = ? AND rotation_id = ?"
                + " AND address = CAST(? AS inet)",
            schema,
            rotationId,
            address);
      }
    }
    if (addresses.isEmpty() && tellsByMark()) {
      run(
          "DELETE FROM keyrotation.fenced_but WHERE litellm_schema = ? AND rotation_id = ?",
          schema,
          rotationId);
    }
    if (rotationIds().isEmpty()) {
      removePolicies();
    }
  }

  /** Rotations of which anything is left; an unknown one for policies without addresses. */
  List<String> rotations() throws SQLException {
    List<String> ids = rotationIds();
    return ids.isEmpty() && !fencedTables().isEmpty() ? List.of("an unknown rotation") : ids;
  }

  private List<String> rotationIds() throws SQLException {
    Set<String> ids =
        new TreeSet<>(
            column("SELECT rotation_id FROM keyrotation.fenced WHERE litellm_schema = ?", schema));
    if (tellsByMark()) {
      ids.addAll(
          column(
              "SELECT rotation_id FROM keyrotation.fenced_but WHERE litellm_schema = ?", schema));
    }
    return List.copyOf(ids);
  }

  /** An earlier version made our schema without this table, and nothing has been written since. */
  private boolean tellsByMark() throws SQLException {
    return !column("SELECT 1 WHERE to_regclass('keyrotation.fenced_but') IS NOT NULL").isEmpty();
  }

  /** Removes whatever there is. */
  void remove() throws SQLException {
    forget();
    removePolicies();
  }

  private void forget() throws SQLException {
    run("DELETE FROM keyrotation.fenced WHERE litellm_schema = ?", schema);
    run("DELETE FROM keyrotation.fenced_but WHERE litellm_schema = ?", schema);
  }

  /** Leaves the tables as they were before: check made sure that they had no row security. */
  private void removePolicies() throws SQLException {
    List<String> tables = fencedTables();
    lock(tables);
    for (String table : tables) {
      String name = Sql.name(schema, table);
      execute("DROP POLICY " + POLICY + " ON " + name);
      execute("ALTER TABLE " + name + " NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY");
    }
  }

  private List<String> fencedTables() throws SQLException {
    return column(
        "SELECT c.relname FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid"
            + " JOIN pg_namespace n ON n.oid = c.relnamespace"
            + " WHERE p.polname = ? AND n.nspname = ? ORDER BY 1",
        POLICY,
        schema);
  }

  /** Locks out everybody for the moment that the policies take. */
  private void lock(List<String> tables) throws SQLException {
    if (tables.isEmpty()) {
      return;
    }
    String wait = column("SELECT current_setting('lock_timeout')").getFirst();
    execute("SET LOCAL lock_timeout = " + LOCK_WAIT.toMillis());
    String names = tables.stream().map(t -> Sql.name(schema, t)).collect(Collectors.joining(", "));
    Duration pause = FIRST_PAUSE;
    for (int attempt = 1; ; attempt++) {
      execute("SAVEPOINT before_lock");
      try {
        execute("LOCK TABLE " + names + " IN ACCESS EXCLUSIVE MODE");
        break;
      } catch (SQLException e) {
        if (!LOCK_NOT_AVAILABLE.equals(e.getSQLState()) || attempt == ATTEMPTS) {
          throw e;
        }
        execute("ROLLBACK TO SAVEPOINT before_lock");
        LockSupport.parkNanos(pause.toNanos());
        pause = pause.multipliedBy(2);
        pause = pause.compareTo(LONGEST_PAUSE) > 0 ? LONGEST_PAUSE : pause;
      }
    }
    execute("RELEASE SAVEPOINT before_lock");
    execute("SET LOCAL lock_timeout = " + Sql.literal(wait));
  }

  private void execute(String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private void run(String sql, String... parameters) throws SQLException {
    try (PreparedStatement statement = bound(sql, parameters)) {
      statement.executeUpdate();
    }
  }

  private List<String> column(String sql, String... parameters) throws SQLException {
    try (PreparedStatement statement = bound(sql, parameters);
        ResultSet row = statement.executeQuery()) {
      List<String> values = new ArrayList<>();
      while (row.next()) {
        values.add(row.getString(1));
      }
      return values;
    }
  }

  private PreparedStatement bound(String sql, String... parameters) throws SQLException {
    PreparedStatement statement = connection.prepareStatement(sql);
    for (int i = 0; i < parameters.length; i++) {
      statement.setString(i + 1, parameters[i]);
    }
    return statement;
  }
}
