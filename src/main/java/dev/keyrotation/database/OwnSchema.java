package dev.keyrotation.database;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;

/**
 * Our own schema in LiteLLM's database, made on demand. Only the role that made it may use it.
 *
 * <ul>
 *   <li>{@code claim}: which KeyRotation rotates which LiteLLM schema, in which epoch
 *   <li>{@code journal}: one row per rotation, direction, kind of work and target key, written in
 *       the transaction that it tells of
 *   <li>{@code ciphertext_copy}: replaced cells, for recovery by hand, until the rotation retires
 *   <li>{@code fenced}, {@code fenced_but} and {@code admitted()}: which clients the fence holds
 *       off, by address, or all of a role but those with a mark. The function runs with our rights,
 *       so that whoever else reads LiteLLM's tables needs none of ours
 *   <li>{@code ended_row}: rows of ended master keys as they were, for the way back
 * </ul>
 */
final class OwnSchema {
  static final String NAME = "keyrotation";

  private static final int VERSION = 4;

  private static final String MAKE =
      """
      SELECT pg_advisory_xact_lock(1801812338, 0);
      DO $$ BEGIN -- IF NOT EXISTS would ask for the right to make one, also where one is
        IF to_regnamespace('keyrotation') IS NULL THEN CREATE SCHEMA keyrotation; END IF;
      END $$;
      REVOKE ALL ON SCHEMA keyrotation FROM PUBLIC;
      CREATE TABLE IF NOT EXISTS keyrotation.version (version integer PRIMARY KEY);
      CREATE TABLE IF NOT EXISTS keyrotation.claim (
        litellm_schema text NOT NULL,
        owner text NOT NULL,
        epoch bigint NOT NULL,
        holder text NOT NULL,
        claimed_at timestamptz NOT NULL DEFAULT now(),
        released_at timestamptz,
        PRIMARY KEY (litellm_schema, owner));
      CREATE UNIQUE INDEX IF NOT EXISTS claim_held
        ON keyrotation.claim (litellm_schema) WHERE released_at IS NULL;
      CREATE TABLE IF NOT EXISTS keyrotation.journal (
        litellm_schema text NOT NULL,
        rotation_id text NOT NULL,
        direction text NOT NULL,
        kind text NOT NULL,
        to_key text NOT NULL,
        owner text NOT NULL,
        columns integer NOT NULL DEFAULT 0,
        rows_changed bigint NOT NULL DEFAULT 0,
        values_reencrypted bigint NOT NULL DEFAULT 0,
        key_rows_found integer NOT NULL DEFAULT 0,
        key_rows_moved integer NOT NULL DEFAULT 0,
        written_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (litellm_schema, rotation_id, direction, kind, to_key));
      CREATE TABLE IF NOT EXISTS keyrotation.ciphertext_copy (
        litellm_schema text NOT NULL,
        rotation_id text NOT NULL,
        direction text NOT NULL,
        table_name text NOT NULL,
        row_id text NOT NULL,
        column_name text NOT NULL,
        old_value text NOT NULL,
        copied_at timestamptz NOT NULL DEFAULT now());
      CREATE INDEX IF NOT EXISTS ciphertext_copy_rotation
        ON keyrotation.ciphertext_copy (litellm_schema, rotation_id);
      CREATE TABLE IF NOT EXISTS keyrotation.ended_row (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        litellm_schema text NOT NULL,
        rotation_id text NOT NULL,
        to_key text NOT NULL,
        table_name text NOT NULL,
        how text NOT NULL,
        before jsonb NOT NULL,
        ended_at timestamptz NOT NULL DEFAULT now());
      CREATE TABLE IF NOT EXISTS keyrotation.fenced (
        litellm_schema text NOT NULL,
        rotation_id text NOT NULL,
        address inet NOT NULL,
        since timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (litellm_schema, address));
      CREATE TABLE IF NOT EXISTS keyrotation.fenced_but (
        litellm_schema text PRIMARY KEY,
        rotation_id text NOT NULL,
        role text NOT NULL,
        mark text NOT NULL,
        since timestamptz NOT NULL DEFAULT now());
      CREATE OR REPLACE FUNCTION keyrotation.admitted(of_schema text) RETURNS boolean
        LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
      BEGIN
        IF current_setting('application_name') <> 'keyrotation' AND (EXISTS (
            SELECT FROM keyrotation.fenced
             WHERE litellm_schema = of_schema AND address = inet_client_addr()) OR EXISTS (
            SELECT FROM keyrotation.fenced_but
             WHERE litellm_schema = of_schema AND role = session_user
               AND mark <> current_setting('application_name'))) THEN
          RAISE EXCEPTION 'keyrotation: this process still holds the previous encryption key and is'
              ' being replaced; the table can be used again when that is done'
            USING ERRCODE = '55000',
                  HINT = 'Other requests are served meanwhile. Save the change again in a minute.';
        END IF;
        RETURN true;
      END $$;
      INSERT INTO keyrotation.version VALUES (%d) ON CONFLICT DO NOTHING
      """
          .formatted(VERSION);

  private OwnSchema() {}

  /** Whether {@link #ensure} has ever run here. */
  static boolean exists(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row =
            statement.executeQuery(
                "SELECT to_regclass('keyrotation.version') IS NOT NULL"
                    + " AND to_regclass('keyrotation.fenced') IS NOT NULL")) {
      row.next();
      return row.getBoolean(1);
    }
  }

  /** Makes what is missing. Two that try at once wait for each other. */
  static void ensure(Connections connections) {
    connections.inTransaction(
        "making the schema keyrotation",
        Connections.Limits.SHORT,
        connection -> {
          if (!isCurrent(connection)) {
            try (Statement statement = connection.createStatement()) {
              statement.execute(MAKE);
            }
          }
          return VERSION;
        });
  }

  private static boolean isCurrent(Connection connection) throws SQLException {
    if (!exists(connection)) {
      return false;
    }
    try (PreparedStatement statement =
        connection.prepareStatement("SELECT 1 FROM keyrotation.version WHERE version = ?")) {
      statement.setInt(1, VERSION);
      try (ResultSet row = statement.executeQuery()) {
        return row.next();
      }
    }
  }
}
