package dev.keyrotation.proxy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import dev.keyrotation.key.KeyMaterial;
import dev.keyrotation.tls.TlsFailures;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.HttpTimeoutException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLParameters;
import org.jspecify.annotations.Nullable;

/**
 * GET requests to one instance by its own address: no proxy, no redirect, bounded in time and size.
 * The one place where a key becomes a header. Nothing of a body or header is logged or repeated.
 */
final class InstanceClient implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final HttpClient http;
  private final Duration timeout;
  private final long maxBody;
  private final Transport transport;

  /**
   * @param timeout for a whole exchange, body included; the client's own covers the headers only
   * @param maxBody longest body that is read, in bytes
   */
  InstanceClient(Duration connectTimeout, Duration timeout, long maxBody, Transport transport) {
    this.http =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(connectTimeout)
            .followRedirects(HttpClient.Redirect.NEVER)
            .proxy(HttpClient.Builder.NO_PROXY)
            .sslContext(transport.context())
            .sslParameters(parameters(transport))
            .build();
    this.timeout = timeout;
    this.maxBody = maxBody;
    this.transport = transport;
  }

  /**
   * The client asks for the host of the URL, and checks the certificate against it. Where that is
   * an address it asks for none by itself, and the runtime checks against the name given here.
   */
  private static SSLParameters parameters(Transport transport) {
    SSLParameters parameters = new SSLParameters();
    parameters.setProtocols(new String[] {"TLSv1.3", "TLSv1.2"});
    String name = transport.serverName();
    if (name != null) {
      parameters.setServerNames(List.of(new SNIHostName(name)));
    }
    return parameters;
  }

  /** What came back. */
  sealed interface Reply {
    /** An HTTP answer; {@code json} is a missing node when the body is no JSON. */
    record Answered(int status, JsonNode json) implements Reply {
      /** Without the body, which may quote a key. */
      @Override
      public String toString() {
        return "Answered[status=" + status + "]";
      }
    }

    /**
     * No answer; {@code why} stands after the instance's name.
     *
     * @param distrusted its certificate cannot be verified
     */
    record Failed(String why, boolean distrusted) implements Reply {
      Failed(String why) {
        this(why, false);
      }
    }
  }

  /** Asks without a key. */
  Reply get(URI instance, String path) {
    return send(request(instance, path).build());
  }

  /** Asks with {@code key} as bearer. */
  Reply get(URI instance, String path, KeyMaterial key) {
    String bearer = "Bearer " + key.reveal();
    if (!isHeaderText(bearer)) {
      return new Reply.Failed("was not asked: the key cannot be sent in a header");
    }
    if (!transport.mayCarryKeyTo(instance)) {
      return new Reply.Failed(
          "was not asked, because plain HTTP to another host would show the key on its way: let it"
              + " serve https, or, if you trust the network to it, set spec.proxy.tls.mode:"
              + " Disabled");
    }
    HttpRequest.Builder request = request(instance, path).header("Authorization", bearer);
    return send(request.build());
  }

  /**
   * Checked here, because the client quotes a value that it refuses, and replaces letters beyond
   * ASCII by others.
   */
  private static boolean isHeaderText(String value) {
    return value.chars().allMatch(c -> c >= ' ' && c <= '~');
  }

  private static HttpRequest.Builder request(URI instance, String path) {
    return HttpRequest.newBuilder(instance.resolve(path))
        .header("Accept", "application/json")
        .GET();
  }

  private Reply send(HttpRequest request) {
    CompletableFuture<HttpResponse<byte[]>> exchange =
        http.sendAsync(request, BodyHandlers.limiting(BodyHandlers.ofByteArray(), maxBody));
    try {
      HttpResponse<byte[]> response = exchange.get(timeout.toMillis(), TimeUnit.MILLISECONDS);
      return new Reply.Answered(response.statusCode(), json(response.body()));
    } catch (TimeoutException e) {
      exchange.cancel(true);
      return new Reply.Failed("did not answer within " + timeout.toSeconds() + " s");
    } catch (ExecutionException e) {
      return failed(request.uri(), e);
    } catch (InterruptedException e) {
      exchange.cancel(true);
      Thread.currentThread().interrupt();
      return new Reply.Failed("was not asked: interrupted");
    }
  }

  private Reply.Failed failed(URI uri, ExecutionException e) {
    String name = transport.serverName() == null ? uri.getHost() : transport.serverName();
    String distrust = TlsFailures.distrust(e, name);
    if (distrust != null) {
      return new Reply.Failed(
          distrust + " (spec.proxy.tls: caFrom has its authority, serverName its name)", true);
    }
    return new Reply.Failed(
        TlsFailures.isTls(e)
            ? "does not speak TLS as expected: let it serve https, or, if it serves plain HTTP and"
                + " you trust the network to it, set spec.proxy.tls.mode: Disabled"
            : why(e.getCause()));
  }

  private static String why(@Nullable Throwable cause) {
    return switch (cause) {
      case HttpTimeoutException _ -> "did not answer in time";
      case ConnectException _ -> "refuses the connection";
      case null -> "could not be asked";
      default -> "could not be asked (" + cause.getClass().getSimpleName() + ")";
    };
  }

  private static JsonNode json(byte[] body) {
    try {
      JsonNode tree = JSON.readTree(body);
      return tree == null ? MissingNode.getInstance() : tree;
    } catch (IOException e) {
      return MissingNode.getInstance();
    }
  }

  @Override
  public void close() {
    http.shutdownNow();
  }
}
