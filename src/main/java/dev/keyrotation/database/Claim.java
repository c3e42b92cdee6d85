package dev.keyrotation.database;

import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.api.v1alpha1.Epoch;
import dev.keyrotation.failure.Recovery;
import dev.keyrotation.failure.RotationException;
import dev.keyrotation.failure.SupersededException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/**
 * Which KeyRotation rotates a LiteLLM schema, and in which epoch. The first to write claims it. A
 * released claim keeps its row, so that a process of its time that wakes up is still known as late.
 */
final class Claim {
  private Claim() {}

  /** The owner, or null when nobody claims the schema. */
  static @Nullable String owner(Connection connection, String schema) throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement(
            "SELECT owner FROM keyrotation.claim WHERE litellm_schema = ? AND released_at IS"
                + " NULL")) {
      statement.setString(1, schema);
      try (ResultSet row = statement.executeQuery()) {
        return row.next() ? row.getString(1) : null;
      }
    }
  }

  /**
   * Claims the schema for {@code owner} in its epoch. Every transaction that writes begins with it,
   * under the advisory lock; so what an earlier epoch writes is committed before a later one takes
   * the claim, or never.
   *
   * @throws SupersededException when a later epoch of the same owner has claimed it
   * @throws RotationException with {@code DATABASE_OWNED_BY_OTHER}
   */
  static void take(Connection connection, String schema, DatabaseOwner owner) throws SQLException {
    String holder = owner(connection, schema);
    if (holder != null && !holder.equals(owner.name())) {
      throw new RotationException(
          ConditionReason.DATABASE_OWNED_BY_OTHER,
          Recovery.ROLL_BACK,
          ownedByOther(schema, holder));
    }
    refuseLate(connection, schema, owner);
    try (PreparedStatement statement =
        connection.prepareStatement(
            """
            INSERT INTO keyrotation.claim AS c (litellm_schema, owner, epoch, holder)
            VALUES (?, ?, ?, ?)
            ON CONFLICT (litellm_schema, owner) DO UPDATE
               SET epoch = excluded.epoch, holder = excluded.holder, released_at = NULL,
                   claimed_at = CASE WHEN c.released_at IS NULL THEN c.claimed_at ELSE now() END
             WHERE (c.epoch, c.holder, c.released_at IS NULL)
                   IS DISTINCT FROM (excluded.epoch, excluded.holder, true)
            """)) {
      statement.setString(1, schema);
      statement.setString(2, owner.name());
      statement.setLong(3, owner.epoch().number());
      statement.setString(4, owner.epoch().holder());
      statement.executeUpdate();
    }
  }

  /** Gives the schema up, unless a later epoch has claimed it. */
  static void release(Connection connection, String schema, DatabaseOwner owner)
      throws SQLException {
    refuseLate(connection, schema, owner);
    try (PreparedStatement statement =
        connection.prepareStatement(
            "UPDATE keyrotation.claim SET released_at = now() WHERE litellm_schema = ? AND owner ="
                + " ? AND released_at IS NULL")) {
      statement.setString(1, schema);
      statement.setString(2, owner.name());
      statement.executeUpdate();
    }
  }

  private static void refuseLate(Connection connection, String schema, DatabaseOwner owner)
      throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement(
            "SELECT epoch, holder, released_at IS NULL FROM keyrotation.claim WHERE litellm_schema"
                + " = ? AND owner = ?")) {
      statement.setString(1, schema);
      statement.setString(2, owner.name());
      try (ResultSet row = statement.executeQuery()) {
        if (!row.next()) {
          return;
        }
        Epoch last = new Epoch(row.getLong(1), row.getString(2));
        boolean ours = last.equals(owner.epoch()) && row.getBoolean(3);
        if (!ours && last.number() >= owner.epoch().number() && last.number() > 0) {
          throw new SupersededException("The claim on the database", last.number());
        }
      }
    }
  }

  static String ownedByOther(String schema, String holder) {
    return "KeyRotation "
        + holder
        + " rotates the keys of schema "
        + schema
        + " of this database. Keep one of the two. If it is gone for good, run: UPDATE"
        + " keyrotation.claim SET released_at = now() WHERE litellm_schema = "
        + Sql.literal(schema)
        + ".";
  }
}
