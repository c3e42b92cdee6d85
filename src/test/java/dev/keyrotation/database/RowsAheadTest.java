package dev.keyrotation.database;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.keyrotation.cipher.EncryptionKey;
import dev.keyrotation.database.RowReader.RowReading;
import dev.keyrotation.key.KeyMaterial;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class RowsAheadTest {
  private static final KeyMaterial KEY = KeyMaterial.of("sk-canary-salt");
  private static final RowReader READER = RowReader.counting(new EncryptionKey(KEY));
  private static final Duration HOUR = Duration.ofHours(1);

  private final TestDatabase database = LiteLlmServer.database(LiteLlmServer.NEWEST);
  private Connection connection;

  @BeforeEach
  void connect() throws SQLException {
    database.models(1500, Map.of("model", LiteLlmCipher.seal(KEY, "gpt-4o")));
    connection = database.litellm("rows-ahead");
    connection.setAutoCommit(false);
  }

  @AfterEach
  void close() throws SQLException {
    connection.close();
  }

  private List<TableScan> scans() throws SQLException {
    return TableScan.all(Catalog.read(connection, "public"));
  }

  @Test
  void comesWithEachRowOnceAndTellsWhereATableEnds() throws SQLException {
    database.token("t1", "alias", null);
    database.run(
        "UPDATE \"LiteLLM_VerificationToken\" SET metadata = ?::jsonb",
        TestDatabase.json(Map.of("a", "b")));
    List<String> seen = new ArrayList<>();

    RowsAhead.forEach(
        connection,
        scans(),
        READER,
        new RowsAhead.Visitor() {
          @Override
          public void visit(TableScan scan, RowReading row) {
            seen.add(scan.table().name() + row.row().id());
          }

          @Override
          public void end() {
            seen.add("end");
          }
        });

    assertThat(seen).hasSize(1503).containsOnlyOnce("LiteLLM_VerificationToken[\"t1\"]");
    assertThat(seen.stream().distinct()).hasSize(1502);
    assertThat(seen.get(1500)).isEqualTo("end");
    assertThat(seen.getLast()).isEqualTo("end");
  }

  @Test
  void largeRowsComeAFewAtATime() throws SQLException {
    database.run(
        "UPDATE \"LiteLLM_ProxyModelTable\" SET litellm_params = litellm_params ||"
            + " jsonb_build_object('prompt', repeat('x', 300000)) WHERE length(model_id) = 2");
    List<Integer> sizes = new ArrayList<>();
    TableScan models =
        scans().stream()
            .filter(scan -> scan.table().name().equals("LiteLLM_ProxyModelTable"))
            .findFirst()
            .orElseThrow();

    try (Statement statement = connection.createStatement()) {
      models.read(statement, batch -> sizes.add(batch.size()));
    }

    assertThat(sizes.stream().mapToInt(Integer::intValue).sum()).isEqualTo(1500);
    assertThat(sizes).startsWith(200).endsWith(4, 1);
  }

  /** The session that writes would be ended by the server if it were silent all the while. */
  @Test
  void givesASignOfLifeAlsoWhileRowsCome() throws SQLException {
    List<Integer> rowsAtHeartbeat = new ArrayList<>();
    List<String> seen = new ArrayList<>();

    RowsAhead.forEach(
        connection,
        scans(),
        READER,
        Duration.ZERO,
        new RowsAhead.Visitor() {
          @Override
          public void visit(TableScan scan, RowReading row) {
            seen.add(row.row().id());
          }

          @Override
          public void heartbeat() {
            rowsAtHeartbeat.add(seen.size());
          }
        });

    assertThat(seen).hasSize(1500);
    assertThat(rowsAtHeartbeat).contains(200, 400, 1400);
  }

  @Test
  void aVisitorThatFailsEndsTheReadingBeforeAnybodyElseUsesTheConnection() throws SQLException {
    assertThatThrownBy(
            () ->
                RowsAhead.forEach(
                    connection,
                    scans(),
                    READER,
                    HOUR,
                    (scan, row) -> {
                      throw new SQLException("full", "53100");
                    }))
        .isInstanceOfSatisfying(
            SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("53100"));

    assertThat(Thread.getAllStackTraces().keySet())
        .extracting(Thread::getName)
        .doesNotContain(RowsAhead.THREAD);
  }

  @Test
  void aReadingThatFailsIsWhatTheVisitorGets() throws SQLException {
    List<TableScan> scans = scans();
    try (Statement statement = connection.createStatement()) {
      statement.execute("DROP TABLE \"LiteLLM_Config\"");
    }

    assertThatThrownBy(() -> RowsAhead.forEach(connection, scans, READER, HOUR, (scan, row) -> {}))
        .isInstanceOfSatisfying(
            SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("42P01"));
  }
}
