package dev.keyrotation.database;

import dev.keyrotation.api.v1alpha1.Direction;
import dev.keyrotation.database.Connections.Limits;
import dev.keyrotation.database.RotationDatabase.Reencryption;
import dev.keyrotation.key.KeyMaterial;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** {@link Fence} by row level security. */
final class PostgresFence implements Fence {
  private static final Limits SWEEP =
      new Limits(Duration.ofMinutes(10), Duration.ofSeconds(5), false);

  private final Connections connections;
  private final String schema;

  PostgresFence(Connections connections, String schema) {
    this.connections = connections;
    this.schema = schema;
  }

  @Override
  public Check check() {
    if (connections.url().pooled()) {
      return new Check.Impossible(
          "the database URL goes through a pooler (pgbouncer=true), which hides client addresses");
    }
    return connections.inTransaction(
        "checking whether a fence is possible", Limits.SHORT, this::check);
  }

  @Override
  public Check checkMarks() {
    if (connections.url().pooled()) {
      return new Check.Impossible(
          "the database URL goes through a pooler in transaction mode (pgbouncer=true), in which"
              + " instances share sessions");
    }
    Check tables =
        connections.inTransaction(
            "checking whether a fence is possible", Limits.SHORT, this::check);
    if (tables instanceof Check.Impossible) {
      return tables;
    }
    String lost = new MarkProbe(connections).lost();
    return lost == null ? tables : new Check.Impossible(lost);
  }

  @Override
  public @Nullable String mark(String rotationId) {
    return connections
        .inTransaction(
            "reading the fence",
            Limits.SHORT,
            connection ->
                OwnSchema.exists(connection)
                    ? Optional.ofNullable(new FencePolicies(connection, schema).mark(rotationId))
                    : Optional.<String>empty())
        .orElse(null);
  }

  private Check check(Connection connection) throws SQLException {
    Catalog catalog = Catalog.read(connection, schema);
    List<String> tables = FencePolicies.tables(catalog);
    if (tables.isEmpty()) {
      return new Check.Impossible("schema " + schema + " has no LiteLLM tables");
    }
    try (Statement statement = connection.createStatement();
        ResultSet row =
            statement.executeQuery(
                "SELECT rolsuper, rolbypassrls, quote_ident(rolname) FROM pg_roles"
                    + " WHERE rolname = current_user")) {
      row.next();
      if (row.getBoolean(1) || row.getBoolean(2)) {
        return new Check.Impossible(
            "database role "
                + row.getString(3)
                + " is a superuser or has BYPASSRLS, and no policy holds for it");
      }
    }
    List<String> foreign = new ArrayList<>();
    List<String> guarded = new ArrayList<>();
    try (Statement statement = connection.createStatement();
        ResultSet row =
            statement.executeQuery(
                "SELECT c.relname, pg_has_role(c.relowner, 'USAGE'), c.relrowsecurity OR EXISTS"
                    + " (SELECT FROM pg_policy p WHERE p.polrelid = c.oid), EXISTS (SELECT FROM"
                    + " pg_policy p WHERE p.polrelid = c.oid AND p.polname = '"
                    + FencePolicies.POLICY
                    + "') FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
                    + " WHERE n.nspname = "
                    + Sql.literal(schema)
                    + " AND c.relname IN ("
                    + tables.stream().map(Sql::literal).collect(Collectors.joining(", "))
                    + ") ORDER BY 1")) {
      while (row.next()) {
        if (!row.getBoolean(2)) {
          foreign.add(row.getString(1));
        }
        if (row.getBoolean(3) && !row.getBoolean(4)) {
          guarded.add(row.getString(1));
        }
      }
    }
    if (!foreign.isEmpty()) {
      return new Check.Impossible(
          "the database role does not own "
              + String.join(", ", foreign)
              + ", so it may set no policy");
    }
    return guarded.isEmpty()
        ? new Check.Possible()
        : new Check.Impossible(
            String.join(", ", guarded) + " already has row level security of somebody else");
  }

  @Override
  public Set<String> addresses(String rotationId) {
    return connections.inTransaction(
        "reading the fence",
        Limits.SHORT,
        connection ->
            OwnSchema.exists(connection)
                ? new FencePolicies(connection, schema).addresses(rotationId)
                : Set.of());
  }

  @Override
  public void shrink(DatabaseOwner owner, String rotationId, Set<String> addresses) {
    OwnSchema.ensure(connections);
    connections.inTransaction(
        "shrinking the fence",
        Limits.SHORT,
        connection -> {
          AdvisoryLock.acquire(connection, schema);
          Claim.take(connection, schema, owner);
          new FencePolicies(connection, schema).shrink(rotationId, addresses);
          return rotationId;
        });
  }

  @Override
  public List<String> standing(DatabaseOwner owner) {
    return connections.inTransaction(
        "looking for a fence",
        Limits.SHORT,
        connection -> {
          if (!OwnSchema.exists(connection)) {
            return List.of();
          }
          String holder = Claim.owner(connection, schema);
          return holder == null || holder.equals(owner.name())
              ? new FencePolicies(connection, schema).rotations()
              : List.of();
        });
  }

  @Override
  public void remove(DatabaseOwner owner) {
    OwnSchema.ensure(connections);
    connections.inTransaction(
        "removing a fence that was left over",
        Limits.SHORT,
        connection -> {
          AdvisoryLock.acquire(connection, schema);
          Claim.take(connection, schema, owner);
          new FencePolicies(connection, schema).remove();
          return owner;
        });
  }

  @Override
  public long sweep(
      DatabaseOwner owner,
      String rotationId,
      Direction direction,
      KeyMaterial from,
      KeyMaterial to) {
    OwnSchema.ensure(connections);
    return connections.inTransaction(
        "re-encrypting values that old instances wrote",
        SWEEP,
        connection ->
            new Reencryptor(
                    connection,
                    connections,
                    new Reencryption(owner, rotationId, direction, from, to, SWEEP.statement()),
                    progress -> {})
                .sweep());
  }
}
