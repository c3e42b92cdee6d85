import com.sun.management.OperatingSystemMXBean;
import dev.keyrotation.api.v1alpha1.DataCounts;
import dev.keyrotation.api.v1alpha1.Direction;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.database.DatabaseOwner;
import dev.keyrotation.database.PostgresDatabases;
import dev.keyrotation.database.RotationDatabase;
import dev.keyrotation.key.KeyMaterial;
import dev.keyrotation.key.KeySet;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Times one re-encryption after a preflight, in a Java that has just started; or plain UPDATEs of
 * the same rows to the same values.
 *
 * <p>{@code reencrypt URL}, with the old and the new key as two lines on standard input. {@code
 * update-rows URL FROM} and {@code update-set URL FROM}: in database URL, to what database FROM
 * holds; row by row in batches, and by one statement a table from a table that has the new values
 * ready. Prints a JSON object. On the class path of the operator.
 */
public final class Reencryption {
  private static final String RESOURCE =
      """
      apiVersion: keyrotation.dev/v1alpha1
      kind: KeyRotation
      metadata: {name: bench, namespace: bench}
      spec:
        keys: [Salt]
        secretRef: {name: bench}
        database: {urlFrom: {secretKeyRef: {name: bench, key: url}}}
        workloads: [{deployment: {name: bench}}]
      """;
  private static final Map<String, List<String>> TABLES =
      Map.of(
          "LiteLLM_ProxyModelTable", List.of("model_id", "litellm_params"),
          "LiteLLM_CredentialsTable", List.of("credential_id", "credential_values"),
          "LiteLLM_VerificationToken", List.of("token", "metadata"));
  private static final int BATCH_ROWS = 500;

  public static void main(String[] arguments) throws Exception {
    switch (arguments[0]) {
      case "reencrypt" -> reencrypt(arguments[1]);
      case "update-rows" -> updateRows(arguments[1], arguments[2]);
      case "update-set" -> updateSet(arguments[1], arguments[2]);
      default -> throw new IllegalArgumentException(arguments[0]);
    }
  }

  /** Time and the processor time of this process when something began, in nanoseconds. */
  private record Watch(long begin, long cpuBefore) {
    static Watch start() {
      return new Watch(System.nanoTime(), cpu());
    }

    static long cpu() {
      return ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean())
          .getProcessCpuTime();
    }
  }

  private static void reencrypt(String url) throws IOException {
    List<String> keys =
        new String(System.in.readAllBytes(), StandardCharsets.UTF_8).lines().toList();
    KeyRotation owner = Serialization.unmarshal(RESOURCE, KeyRotation.class);
    RotationDatabase database =
        new PostgresDatabases((rotation, source) -> url, (rotation, source, field) -> null)
            .open(owner);
    var request =
        new RotationDatabase.Reencryption(
            DatabaseOwner.of(owner),
            "bench-r1",
            Direction.FORWARD,
            KeyMaterial.of(keys.get(0)),
            KeyMaterial.of(keys.get(1)),
            Duration.ofHours(1));
    // As in a rotation: the database is claimed, and preflight has read everything, and with it loaded
    // classes.
    database.claim(request.owner());
    Watch look = Watch.start();
    RotationDatabase.Report report =
        database.inspect(request.owner(), new KeySet(request.from(), request.from()));
    if (!report.findings().isEmpty()) {
      throw new IllegalStateException(report.findings().toString());
    }
    print("preflight", look, report.values());
    Watch watch = Watch.start();
    DataCounts counts = database.reencrypt(request, progress -> {});
    print("keyrotation", watch, counts.valuesReencrypted());
  }

  private static void updateRows(String url, String from) throws SQLException {
    try (Connection target = connection(url);
        Connection source = connection(from)) {
      target.setAutoCommit(false);
      List<String[]> wanted = new ArrayList<>();
      for (var table : TABLES.entrySet()) {
        for (String[] row : rows(source, table.getKey(), table.getValue())) {
          wanted.add(new String[] {table.getKey(), row[0], row[1]});
        }
      }
      Watch watch = Watch.start();
      for (var table : TABLES.entrySet()) {
        String sql =
            "UPDATE \"%s\" SET \"%s\" = ?::jsonb WHERE \"%s\" = ?"
                .formatted(table.getKey(), table.getValue().get(1), table.getValue().get(0));
        try (PreparedStatement update = target.prepareStatement(sql)) {
          int pending = 0;
          for (String[] row : wanted) {
            if (row[0].equals(table.getKey())) {
              update.setString(1, row[2]);
              update.setString(2, row[1]);
              update.addBatch();
              if (++pending % BATCH_ROWS == 0) {
                update.executeBatch();
              }
            }
          }
          update.executeBatch();
        }
      }
      target.commit();
      print("update-rows", watch, wanted.size());
    }
  }

  private static void updateSet(String url, String from) throws SQLException {
    try (Connection target = connection(url);
        Connection source = connection(from);
        Statement statement = target.createStatement()) {
      target.setAutoCommit(false);
      statement.execute("CREATE TEMP TABLE wanted (tab text, id text, value jsonb)");
      long all = 0;
      try (PreparedStatement insert =
          target.prepareStatement("INSERT INTO wanted VALUES (?, ?, ?::jsonb)")) {
        for (var table : TABLES.entrySet()) {
          for (String[] row : rows(source, table.getKey(), table.getValue())) {
            insert.setString(1, table.getKey());
            insert.setString(2, row[0]);
            insert.setString(3, row[1]);
            insert.addBatch();
            if (++all % BATCH_ROWS == 0) {
              insert.executeBatch();
            }
          }
        }
        insert.executeBatch();
      }
      statement.execute("ANALYZE wanted");
      target.commit();
      Watch watch = Watch.start();
      for (var table : TABLES.entrySet()) {
        statement.executeUpdate(
            "UPDATE \"%s\" t SET \"%s\" = value FROM wanted WHERE tab = '%1$s' AND id = t.\"%s\""
                .formatted(table.getKey(), table.getValue().get(1), table.getValue().get(0)));
      }
      target.commit();
      print("update-set", watch, all);
    }
  }

  private static List<String[]> rows(Connection source, String table, List<String> columns)
      throws SQLException {
    List<String[]> found = new ArrayList<>();
    try (Statement statement = source.createStatement();
        ResultSet row =
            statement.executeQuery(
                "SELECT \"%s\", \"%s\" FROM \"%s\""
                    .formatted(columns.get(0), columns.get(1), table))) {
      while (row.next()) {
        found.add(new String[] {row.getString(1), row.getString(2)});
      }
    }
    return found;
  }

  private static Connection connection(String url) throws SQLException {
    return DriverManager.getConnection(
        url.replace("postgresql://litellm@", "jdbc:postgresql://"), "litellm", "");
  }

  private static void print(String what, Watch watch, long number) {
    double seconds = (System.nanoTime() - watch.begin()) / 1e9;
    double cpu = (Watch.cpu() - watch.cpuBefore()) / 1e9;
    System.out.printf(
        Locale.ROOT,
        "{\"what\": \"%s\", \"seconds\": %.3f, \"cpu\": %.2f, \"values\": %d, \"peak_mib\": %d}%n",
        what,
        seconds,
        cpu,
        number,
        peakMebibytes());
  }

  /** The most memory that this process ever had, all of it and not only the heap. */
  private static long peakMebibytes() {
    try (var lines = Files.lines(Path.of("/proc/self/status"))) {
      return lines
              .filter(line -> line.startsWith("VmHWM:"))
              .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
              .findFirst()
              .orElseThrow()
          / 1024;
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }
}
