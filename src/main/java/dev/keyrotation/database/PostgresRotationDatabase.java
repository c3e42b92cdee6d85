package dev.keyrotation.database;

import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.api.v1alpha1.DataCounts;
import dev.keyrotation.api.v1alpha1.Direction;
import dev.keyrotation.api.v1alpha1.MasterKeyRowPolicy;
import dev.keyrotation.api.v1alpha1.Progress;
import dev.keyrotation.cipher.EncryptionKey;
import dev.keyrotation.database.Connections.Limits;
import dev.keyrotation.failure.Recovery;
import dev.keyrotation.failure.RotationException;
import dev.keyrotation.key.KeyMaterial;
import dev.keyrotation.key.KeySet;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** {@link RotationDatabase} on PostgreSQL 12 or newer. Each method is one transaction. */
final class PostgresRotationDatabase implements RotationDatabase {
  private static final Limits READ =
      new Limits(Duration.ofMinutes(10), Duration.ofSeconds(5), true);

  private final Connections connections;
  private final String schema;

  PostgresRotationDatabase(ConnectionUrl url, String schema) {
    this.connections = new Connections(url, schema);
    this.schema = schema;
  }

  @Override
  public void claim(DatabaseOwner owner) {
    OwnSchema.ensure(connections);
    connections.inTransaction(
        "claiming the database",
        Limits.SHORT,
        connection -> {
          AdvisoryLock.acquire(connection, schema);
          Claim.take(connection, schema, owner);
          return owner;
        });
  }

  @Override
  public void release(DatabaseOwner owner) {
    connections.inTransaction(
        "releasing the claim on the database",
        Limits.SHORT,
        connection -> {
          if (OwnSchema.exists(connection)) {
            AdvisoryLock.acquire(connection, schema);
            Claim.release(connection, schema, owner);
          }
          return owner;
        });
  }

  @Override
  public Report inspect(DatabaseOwner owner, KeySet current) {
    Report report =
        connections.inTransaction(
            "inspecting the database",
            READ,
            connection -> new Inspection(connection, schema, owner, current).run());
    if (!connections.url().pooled()) {
      return report;
    }
    List<String> warnings = new ArrayList<>(report.warnings());
    warnings.add(
        "The URL goes through a pooler (pgbouncer=true): sessions of instances cannot be told"
            + " apart.");
    return new Report(
        report.columns(), report.values(), report.masterKeyRows(), report.findings(), warnings);
  }

  @Override
  public List<String> grants(String role, boolean fence) {
    return connections.inTransaction(
        "reading what a role has to be allowed",
        READ,
        connection -> new OwnRole(connection, schema, role).statements(fence));
  }

  @Override
  public Journal journal(String rotationId, Direction direction, KeyMaterial to) {
    return connections.inTransaction(
        "reading the journal",
        Limits.SHORT,
        connection -> {
          if (!OwnSchema.exists(connection)) {
            return new Journal.NotCommitted();
          }
          if (!AdvisoryLock.tryAcquire(connection, schema)) {
            return new Journal.Open();
          }
          DataCounts counts =
              new JournalRows(connection, schema).reencryption(rotationId, direction, to);
          return counts == null ? new Journal.NotCommitted() : new Journal.Committed(counts);
        });
  }

  @Override
  public DataCounts reencrypt(Reencryption request, Consumer<Progress> progress) {
    if (request.from().equals(request.to())) {
      throw new RotationException(
          ConditionReason.REENCRYPTION_FAILED,
          Recovery.HALT,
          "The new encryption key equals the old one; nothing was written.");
    }
    OwnSchema.ensure(connections);
    return connections.inTransaction(
        "re-encrypting stored values",
        Limits.of(request.timeout()),
        connection -> new Reencryptor(connection, connections, request, progress).run());
  }

  @Override
  public Instant clock() {
    return connections.inTransaction(
        "reading the database's clock",
        new Limits(Duration.ofSeconds(10), Duration.ofSeconds(5), true),
        connection -> {
          try (PreparedStatement statement =
                  connection.prepareStatement("SELECT extract(epoch FROM clock_timestamp())");
              ResultSet row = statement.executeQuery()) {
            row.next();
            return Instant.ofEpochMilli(
                row.getBigDecimal(1).movePointRight(3).toBigInteger().longValueExact());
          }
        });
  }

  @Override
  public long valuesUnder(KeyMaterial key) {
    return connections.inTransaction(
        "counting stored values",
        READ,
        connection -> {
          Catalog catalog = Catalog.read(connection, schema);
          catalog.requireAllRowsVisible();
          RowReader reader = RowReader.counting(new EncryptionKey(key));
          Tally tally = new Tally();
          RowsAhead.forEach(
              connection,
              TableScan.all(catalog),
              reader,
              (scan, row) -> tally.add(scan.table(), row));
          return tally.total();
        });
  }

  @Override
  public int masterKeyRows(KeyMaterial master) {
    return connections.inTransaction(
        "reading the token table",
        Limits.SHORT,
        connection -> new TokenRows(connection, Catalog.read(connection, schema)).count(master));
  }

  @Override
  public MasterKeyRows moveMasterKeyRows(
      DatabaseOwner owner,
      String rotationId,
      Direction direction,
      KeyMaterial from,
      KeyMaterial to,
      MasterKeyRowPolicy policy) {
    OwnSchema.ensure(connections);
    return connections.inTransaction(
        "ending the replaced master key in the token table",
        Limits.SHORT,
        connection -> {
          AdvisoryLock.acquire(connection, schema);
          Claim.take(connection, schema, owner);
          Catalog catalog = Catalog.read(connection, schema);
          MasterKeyRows rows =
              new MasterKeyMove(connection, catalog, rotationId, from, to).run(direction, policy);
          return new JournalRows(connection, schema)
              .addMasterKeyRows(owner, rotationId, direction, to, rows);
        });
  }

  @Override
  public @Nullable MasterKeyRows movedMasterKeyRows(String rotationId, Direction direction) {
    return connections
        .inTransaction(
            "reading the journal",
            Limits.SHORT,
            connection ->
                OwnSchema.exists(connection)
                    ? Optional.ofNullable(
                        new JournalRows(connection, schema).masterKeyRows(rotationId, direction))
                    : Optional.<MasterKeyRows>empty())
        .orElse(null);
  }

  @Override
  public void openGrace(DatabaseOwner owner, String rotationId, Map<KeyMaterial, Instant> until) {
    OwnSchema.ensure(connections);
    connections.inTransaction(
        "inserting grace rows",
        Limits.SHORT,
        connection -> {
          AdvisoryLock.acquire(connection, schema);
          Claim.take(connection, schema, owner);
          GraceRows grace = new GraceRows(connection, Catalog.read(connection, schema));
          for (Map.Entry<KeyMaterial, Instant> row : until.entrySet()) {
            grace.open(rotationId, row.getKey(), row.getValue());
          }
          return rotationId;
        });
  }

  @Override
  public @Nullable Instant graceExpiry(String rotationId, KeyMaterial key) {
    return connections
        .inTransaction(
            "reading grace rows",
            Limits.SHORT,
            connection ->
                Optional.ofNullable(
                    new GraceRows(connection, Catalog.read(connection, schema))
                        .expiry(rotationId, key)))
        .orElse(null);
  }

  @Override
  public EndedSessions endSessions(DatabaseOwner owner, String rotationId) {
    OwnSchema.ensure(connections);
    return connections.inTransaction(
        "ending dashboard sessions",
        Limits.SHORT,
        connection -> {
          AdvisoryLock.acquire(connection, schema);
          Claim.take(connection, schema, owner);
          int ended =
              new DashboardSessions(connection, Catalog.read(connection, schema)).end(rotationId);
          return new JournalRows(connection, schema).addSessions(owner, rotationId, ended);
        });
  }

  @Override
  public @Nullable EndedSessions endedSessions(String rotationId) {
    return connections
        .inTransaction(
            "reading the journal",
            Limits.SHORT,
            connection ->
                OwnSchema.exists(connection)
                    ? Optional.ofNullable(new JournalRows(connection, schema).sessions(rotationId))
                    : Optional.<EndedSessions>empty())
        .orElse(null);
  }

  @Override
  public Admins adminsSince(@Nullable Instant since, KeyMaterial master) {
    return connections.inTransaction(
        "listing keys and users with admin rights",
        Limits.SHORT,
        connection ->
            new AdminRows(connection, Catalog.read(connection, schema)).since(since, master));
  }

  @Override
  public List<Session> otherSessions() {
    return connections.inTransaction(
        "reading the sessions of the database",
        Limits.SHORT,
        connection -> new Writers(connection, schema).sessions());
  }

  @Override
  public Fence fence() {
    return new PostgresFence(connections, schema);
  }

  @Override
  public void retire(DatabaseOwner owner, String rotationId) {
    connections.inTransaction(
        "deleting copied ciphertext",
        new Limits(Duration.ofMinutes(10), Duration.ofSeconds(5), false),
        connection -> {
          if (OwnSchema.exists(connection)) {
            AdvisoryLock.acquire(connection, schema);
            Claim.take(connection, schema, owner);
            // Nothing is left of a fence whose rotation ended in an unusual way.
            new FencePolicies(connection, schema).shrink(rotationId, Set.of());
            new JournalRows(connection, schema).deleteCopies(rotationId);
          }
          return rotationId;
        });
  }

  @Override
  public String toString() {
    return "PostgresRotationDatabase[" + connections.url().place() + ", schema " + schema + "]";
  }
}
