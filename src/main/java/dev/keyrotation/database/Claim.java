package dev.keyrotation.database;

import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.failure.Recovery;
import dev.keyrotation.failure.RotationException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/** Which KeyRotation rotates a LiteLLM schema. The first to write claims it. */
final class Claim {
  private Claim() {}

  /** The owner, or null when nobody has claimed the schema. */
  static @Nullable String owner(Connection connection, String schema) throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement(
            "SELECT owner FROM keyrotation.claim WHERE litellm_schema = ?")) {
      statement.setString(1, schema);
      try (ResultSet row = statement.executeQuery()) {
        return row.next() ? row.getString(1) : null;
      }
    }
  }

  /** Claims the schema, or fails when it belongs to another. The advisory lock must be held. */
  static void take(Connection connection, String schema, String owner) throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement(
            "INSERT INTO keyrotation.claim (litellm_schema, owner) VALUES (?, ?)"
                + " ON CONFLICT DO NOTHING")) {
      statement.setString(1, schema);
      statement.setString(2, owner);
      statement.executeUpdate();
    }
    String holder = owner(connection, schema);
    if (holder != null && !holder.equals(owner)) {
      throw new RotationException(
          ConditionReason.DATABASE_OWNED_BY_OTHER,
          Recovery.ROLL_BACK,
          ownedByOther(schema, holder));
    }
  }

  static String ownedByOther(String schema, String holder) {
    return "KeyRotation "
        + holder
        + " rotates the keys of schema "
        + schema
        + " of this database. Keep one of the two. If it is gone for good, run: DELETE FROM"
        + " keyrotation.claim WHERE litellm_schema = "
        + Sql.literal(schema)
        + ".";
  }
}
