import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;

/**
 * Starts the operator against a stand-in for an API server in this process: it becomes the leader,
 * finds one KeyRotation whose Secret is missing, writes its status and stops.
 *
 * <p>{@code record CACHE JAVA OPTION...} does so once while the image is built, so that Java can
 * keep in CACHE what it loads and links for a start (JEP 483, 514). JAVA and the options have to be
 * those of the image, or its Java will not use the cache. {@code time RUNS JAVA OPTION...} prints
 * the milliseconds from a start to the first status written, the median of some.
 *
 * <p>A source-file program ({@code java Rehearsal.java ...}), so that nothing of it is in the
 * image.
 */
public final class Rehearsal {
  private static final Duration PATIENCE = Duration.ofMinutes(3);
  private static final String RESOURCE =
      """
      {"apiVersion": "keyrotation.dev/v1alpha1", "kind": "KeyRotation",
       "metadata": {"name": "litellm", "namespace": "ai", "uid": "11111111-1111-4111-8111-111111111111",
         "resourceVersion": "7", "generation": 1, "creationTimestamp": "2026-01-01T00:00:00Z",
         "finalizers": ["keyrotation.dev/finalizer"]},
       "spec": {"keys": ["Master", "Salt"], "secretRef": {"name": "litellm-keys"},
         "database": {"urlFrom": {"secretKeyRef": {"name": "litellm-db", "key": "DATABASE_URL"}}},
         "workloads": [{"deployment": {"name": "litellm"}}],
         "rotate": {"request": "first", "planOnly": true, "schedule": "0 3 1 */3 *"}}}
      """;

  private final CountDownLatch statusWritten = new CountDownLatch(1);
  private volatile String lease;

  public static void main(String[] arguments) throws Exception {
    List<String> operator = new ArrayList<>(List.of(arguments).subList(2, arguments.length));
    switch (arguments[0]) {
      case "record" -> {
        Path cache = Path.of(arguments[1]);
        operator.add(1, "-XX:AOTCacheOutput=" + cache);
        new Rehearsal().run(operator, true);
        if (!Files.exists(cache) || Files.size(cache) == 0) {
          throw new IllegalStateException("no cache was written");
        }
      }
      case "time" -> {
        List<Long> times = new ArrayList<>();
        for (int run = 0; run < Integer.parseInt(arguments[1]); run++) {
          times.add(new Rehearsal().run(operator, false));
        }
        times.sort(null);
        System.out.println(times.get(times.size() / 2));
      }
      default -> throw new IllegalArgumentException("record or time?");
    }
    System.exit(0); // a watch may still be open
  }

  /** Gives the milliseconds to the first status. */
  private long run(List<String> operator, boolean show) throws Exception {
    Path directory = Files.createTempDirectory("rehearsal");
    HttpsServer server = server(directory);
    int port = freePort();
    ProcessBuilder builder = new ProcessBuilder(operator);
    if (show) {
      builder.inheritIO();
    } else {
      builder.redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.DISCARD);
    }
    builder
        .environment()
        .putAll(
            Map.of(
                "KUBERNETES_MASTER",
                "https://127.0.0.1:" + server.getAddress().getPort(),
                "KUBERNETES_CERTS_CA_FILE",
                directory.resolve("certificate.pem").toString(),
                "KUBERNETES_AUTH_TOKEN",
                "rehearsal",
                "KUBERNETES_NAMESPACE",
                "keyrotation-system",
                "KEYROTATION_NAMESPACES",
                "ai",
                "KEYROTATION_HTTP_PORT",
                Integer.toString(port)));
    long begin = System.nanoTime();
    Process process = builder.start();
    try {
      while (!statusWritten.await(1, TimeUnit.SECONDS)) {
        if (!process.isAlive() || System.nanoTime() - begin > PATIENCE.toNanos()) {
          throw new IllegalStateException("the operator wrote no status");
        }
      }
      long milliseconds = (System.nanoTime() - begin) / 1_000_000;
      for (String path : List.of("/q/health/live", "/q/health/ready", "/q/metrics")) {
        ask(port, path);
      }
      process.destroy(); // an orderly end, at which Java writes the cache
      if (!process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
        throw new IllegalStateException("the operator did not stop");
      }
      return milliseconds;
    } finally {
      process.destroyForcibly();
      server.stop(0);
    }
  }

  private static void ask(int port, String path) throws IOException, InterruptedException {
    try (HttpClient client = HttpClient.newHttpClient()) {
      HttpResponse<String> answer =
          client.send(
              HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path)).build(),
              HttpResponse.BodyHandlers.ofString());
      if (answer.statusCode() != 200) {
        throw new IllegalStateException(path + " answered " + answer.statusCode());
      }
    }
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  /** With TLS, because the operator's client will use it. */
  private HttpsServer server(Path directory) throws Exception {
    Path store = directory.resolve("key.p12");
    String password = "rehearsal"; // of a key that is worth nothing
    keytool(
        "-genkeypair",
        "-keyalg",
        "EC",
        "-alias",
        "k",
        "-dname",
        "CN=127.0.0.1",
        "-ext",
        "SAN=ip:127.0.0.1",
        "-storetype",
        "PKCS12",
        "-keystore",
        store.toString(),
        "-storepass",
        password);
    keytool(
        "-exportcert",
        "-rfc",
        "-alias",
        "k",
        "-file",
        directory.resolve("certificate.pem").toString(),
        "-storetype",
        "PKCS12",
        "-keystore",
        store.toString(),
        "-storepass",
        password);
    KeyStore keys = KeyStore.getInstance("PKCS12");
    try (InputStream file = Files.newInputStream(store)) {
      keys.load(file, password.toCharArray());
    }
    KeyManagerFactory managers =
        KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    managers.init(keys, password.toCharArray());
    SSLContext tls = SSLContext.getInstance("TLS");
    tls.init(managers.getKeyManagers(), null, null);
    HttpsServer server =
        HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setHttpsConfigurator(new HttpsConfigurator(tls));
    server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    server.createContext("/", this::answer);
    server.start();
    return server;
  }

  private static void keytool(String... arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of(arguments));
    command.addFirst(Path.of(System.getProperty("java.home"), "bin", "keytool").toString());
    if (new ProcessBuilder(command).start().waitFor() != 0) {
      throw new IllegalStateException("keytool failed");
    }
  }

  private void answer(HttpExchange request) throws IOException {
    String path = request.getRequestURI().getPath();
    String query = String.valueOf(request.getRequestURI().getQuery());
    String method = request.getRequestMethod();
    String body = new String(request.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
    if (request.getRequestHeaders().containsKey("Upgrade")) {
      request.sendResponseHeaders(
          200, -1); // no web sockets here: the client watches by plain HTTP then
      request.close();
    } else if (query.contains("watch=true")) {
      request.sendResponseHeaders(200, 0); // and nothing ever happens
      request.getResponseBody().flush();
    } else if (path.equals("/version")) {
      send(request, 200, "{\"major\": \"1\", \"minor\": \"35\", \"gitVersion\": \"v1.35.0\"}");
    } else if (path.endsWith("/selfsubjectrulesreviews")) { // may it use the lease?
      send(
          request,
          201,
          """
          {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectRulesReview", "status":
            {"incomplete": false, "nonResourceRules": [],
             "resourceRules": [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]}}
          """);
    } else if (path.endsWith("/keyrotations")) {
      send(
          request,
          200,
          "{\"apiVersion\": \"keyrotation.dev/v1alpha1\", \"kind\": \"KeyRotationList\","
              + " \"metadata\": {\"resourceVersion\": \"7\"}, \"items\": ["
              + RESOURCE
              + "]}");
    } else if (path.contains("/keyrotations/")) {
      send(request, 200, RESOURCE);
      if (method.equals("PATCH")) {
        statusWritten.countDown();
      }
    } else if (path.contains("/leases") && !method.equals("GET")) {
      lease = method.equals("PATCH") ? lease : body;
      send(request, method.equals("POST") ? 201 : 200, String.valueOf(lease));
    } else if (path.contains("/leases/") && lease != null) {
      send(request, 200, lease);
    } else if (method.equals("POST")) {
      send(request, 201, body);
    } else if (query.contains("labelSelector")) {
      send(
          request,
          200,
          "{\"apiVersion\": \"v1\", \"kind\": \"List\", \"metadata\": {}, \"items\": []}");
    } else {
      send(
          request,
          404,
          "{\"apiVersion\": \"v1\", \"kind\": \"Status\", \"status\": \"Failure\","
              + " \"reason\": \"NotFound\", \"code\": 404}");
    }
  }

  private static void send(HttpExchange request, int status, String body) throws IOException {
    byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
    request.getResponseHeaders().add("Content-Type", "application/json");
    request.sendResponseHeaders(status, bytes.length);
    request.getResponseBody().write(bytes);
    request.close();
  }
}
