package dev.keyrotation.proxy;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/** A real HTTP server on the loopback address that answers as a LiteLLM instance does. */
final class FakeInstance implements AutoCloseable {
  static final Answer CONNECTED = new Answer(200, "{\"status\":\"healthy\",\"db\":\"connected\"}");
  static final Answer WITHOUT_DATABASE =
      new Answer(200, "{\"status\":\"healthy\",\"db\":\"Not connected\"}");

  private final String scheme;
  private final HttpServer server;
  private final Map<String, Deque<Answer>> answers = new ConcurrentHashMap<>();
  private final List<String> requests = new CopyOnWriteArrayList<>();

  record Answer(int status, String body) {}

  FakeInstance() {
    this(null);
  }

  /** {@code tls}: what it proves with that it is itself; null: it serves plain HTTP. */
  FakeInstance(@Nullable SSLContext tls) {
    scheme = tls == null ? "http" : "https";
    InetSocketAddress address = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    try {
      if (tls == null) {
        server = HttpServer.create(address, 0);
      } else {
        HttpsServer secured = HttpsServer.create(address, 0);
        secured.setHttpsConfigurator(new HttpsConfigurator(tls));
        server = secured;
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    server.createContext("/", this::handle);
    server.start();
  }

  URI url() {
    return URI.create(scheme + "://127.0.0.1:" + server.getAddress().getPort());
  }

  /** Answers {@code path} with these in turn, and with the last one from then on. */
  FakeInstance answer(String path, Answer... inTurn) {
    answers.put(path, new ArrayDeque<>(List.of(inTurn)));
    return this;
  }

  FakeInstance answer(String path, int status) {
    return answer(path, new Answer(status, "{\"error\":{\"code\":\"" + status + "\"}}"));
  }

  /** The bearer and path of every request, in order. */
  List<String> requests() {
    return List.copyOf(requests);
  }

  private void handle(HttpExchange exchange) throws IOException {
    String path = exchange.getRequestURI().getPath();
    requests.add(exchange.getRequestHeaders().getFirst("Authorization") + " " + path);
    Answer answer = next(answers.get(path));
    byte[] body = answer.body().getBytes(StandardCharsets.UTF_8);
    if (answer.status() == 302) {
      exchange.getResponseHeaders().add("Location", url() + "/elsewhere");
    }
    exchange.sendResponseHeaders(answer.status(), body.length);
    exchange.getResponseBody().write(body);
    exchange.close();
  }

  private static Answer next(@Nullable Deque<Answer> inTurn) {
    if (inTurn == null) {
      return new Answer(404, "{\"detail\":\"Not Found\"}");
    }
    synchronized (inTurn) {
      return inTurn.size() > 1 ? inTurn.removeFirst() : inTurn.getFirst();
    }
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
