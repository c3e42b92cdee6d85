package dev.keyrotation.database;

import dev.keyrotation.database.Connections.Limits;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/**
 * Finds out whether the server knows each connection by the {@code application_name} that its
 * client gave it. A pooler may leave the name out, write its own, or lend one session to several
 * clients in turn, so that a statement runs under the name of another one.
 */
final class MarkProbe {
  /** How names of probes begin: sessions that a pooler keeps of them are no instances. */
  static final String NAME = "keyrotation-probe-";

  /** Two clients that take turns are lent the same session by a pooler that shares any. */
  private static final int TURNS = 3;

  private static final String ASK = "SELECT current_setting('application_name')";

  private final Connections connections;

  MarkProbe(Connections connections) {
    this.connections = connections;
  }

  /** Why names are lost on the way, as a part of a sentence; null when they arrive. */
  @Nullable String lost() {
    boolean ours =
        connections.inTransaction(
            "comparing roles",
            Limits.SHORT,
            connection -> new Writers(connection, connections.schema()).areOurs());
    if (!ours) {
      return "the database role is one of its own, and a mark tells only sessions of the same role"
          + " apart";
    }
    String own =
        connections.inTransaction("reading our own session's name", Limits.SHORT, MarkProbe::name);
    if (!Connections.APPLICATION_NAME.equals(own)) {
      return "the database does not see the application_name of connections (a pooler replaces it)";
    }
    byte[] random = new byte[4];
    new SecureRandom().nextBytes(random);
    String first = NAME + HexFormat.of().formatHex(random) + "-1";
    String second = NAME + HexFormat.of().formatHex(random) + "-2";
    try (Connection one = connections.named(first);
        Connection other = connections.named(second)) {
      for (int turn = 0; turn < TURNS; turn++) {
        if (!first.equals(name(one)) || !second.equals(name(other))) {
          return "the database does not see each connection by its own application_name (a pooler"
              + " that replaces it, or shares sessions)";
        }
      }
      return null;
    } catch (SQLException e) {
      throw SqlFailures.of(e, "seeing whether marks of connections arrive");
    }
  }

  private static String name(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(ASK)) {
      row.next();
      return row.getString(1);
    }
  }
}
