package dev.keyrotation.proxy;

import static dev.keyrotation.proxy.FakeInstance.CONNECTED;
import static dev.keyrotation.proxy.FakeInstance.WITHOUT_DATABASE;
import static org.assertj.core.api.Assertions.assertThat;

import dev.keyrotation.key.KeyMaterial;
import dev.keyrotation.proxy.FakeInstance.Answer;
import dev.keyrotation.proxy.ProxyApi.KeyAnswer;
import dev.keyrotation.proxy.ProxyApi.Models;
import dev.keyrotation.tls.Authorities;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ProxySelector;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class HttpProxyApiTest {
  private static final KeyMaterial KEY = KeyMaterial.of("sk-canary-7f3a");
  private static final Answer NOT_FOUND =
      new Answer(401, "{\"error\":{\"type\":\"token_not_found_in_db\",\"code\":\"401\"}}");
  private static final Duration SHORT = Duration.ofSeconds(1);
  private static final Transport PLAIN =
      new Transport(Authorities.context(null, "nowhere"), null, true);

  private final FakeInstance instance = new FakeInstance();
  private final HttpProxyApi api = new HttpProxyApi(new InstanceClient(SHORT, SHORT, 4096, PLAIN));

  @AfterEach
  void close() {
    api.close();
    instance.close();
  }

  @Test
  void acceptsKeyThatMayListAnotherUsersKeys() {
    instance.answer("/health/readiness", CONNECTED).answer("/key/list", 200);

    KeyAnswer answer = api.ask(instance.url(), KEY);

    assertThat(answer).isEqualTo(new KeyAnswer.Accepted());
    assertThat(instance.requests())
        .containsExactly("null /health/readiness", "Bearer sk-canary-7f3a /key/list");
  }

  @Test
  void refusesKeyThatNoRouteTakes() {
    instance
        .answer("/health/readiness", CONNECTED)
        .answer("/key/list", NOT_FOUND)
        .answer("/v1/models", NOT_FOUND);

    KeyAnswer answer = api.ask(instance.url(), KEY);

    assertThat(answer).isEqualTo(new KeyAnswer.Refused());
  }

  @Test
  void takesNoRefusalForKeyThatLivesOnAsOrdinaryKey() {
    instance
        .answer("/health/readiness", CONNECTED)
        .answer("/key/list", 401)
        .answer("/v1/models", 200);

    KeyAnswer answer = api.ask(instance.url(), KEY);

    assertThat(answer).isEqualTo(new KeyAnswer.Ordinary());
  }

  @Test
  void knowsKeyThatAdminRoutesForbidAsOrdinary() {
    instance
        .answer("/health/readiness", CONNECTED)
        .answer("/key/list", 403)
        .answer("/v1/models", 200);

    KeyAnswer answer = api.ask(instance.url(), KEY);

    assertThat(answer).isEqualTo(new KeyAnswer.Ordinary());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      nullValues = "none",
      textBlock =
          """
          404 | {"error":{"type":"not_found_error"}} | 1.108.4  | OWN_MASTER_KEY
          404 | {"error":{"type":"not_found_error"}} | none     | OWN_MASTER_KEY
          404 | {"detail":"Not Found"}               | 1.108.4  | NOT_TOLD
          200 | {"key":"x","info":{}}                | 1.108.4  | ROW
          200 | {"key":"x","info":{}}                | 1.84.0   | ROW
          200 | {"key":"x","info":{}}                | 1.83.14  | NOT_TOLD
          200 | {"key":"x","info":{}}                | none     | NOT_TOLD
          200 | {"key":"x","info":{}}                | 2.0.0rc1 | ROW
          500 | {}                                   | 1.108.4  | NOT_TOLD
          """)
  void tellsOwnMasterKeyFromRowWhereTheVersionDoes(
      int status, String body, @Nullable String version, String origin) {
    instance
        .answer("/key/info", new Answer(status, body))
        .answer("/health/readiness", CONNECTED)
        .answer(
            "/health/readiness/details",
            new Answer(200, version == null ? "{}" : "{\"litellm_version\":\"" + version + "\"}"));

    ProxyApi.KeyOrigin found = api.origin(instance.url(), KEY);

    assertThat(found).hasToString(origin);
  }

  @ParameterizedTest
  @ValueSource(ints = {302, 400, 403, 404, 429, 500, 503})
  void isUnclearOnEveryOtherStatus(int status) {
    instance.answer("/health/readiness", CONNECTED).answer("/key/list", status);

    KeyAnswer answer = api.ask(instance.url(), KEY);

    assertThat(answer).isInstanceOf(KeyAnswer.Unclear.class);
  }

  @Test
  void followsNoRedirect() {
    instance.answer("/health/readiness", CONNECTED).answer("/key/list", 302);

    api.ask(instance.url(), KEY);

    assertThat(instance.requests()).noneMatch(request -> request.contains("elsewhere"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          200 | {"status":"healthy","db":"disconnected"}
          200 | {"status":"healthy"}
          200 | I am no JSON
          503 | {"status":"healthy","db":"disconnected"}
          503 | {"status":"healthy","db":"connected"}
          503 | {"status":"shutting_down"}
          503 | {"status":"healthy","db":"stalled"}
          404 | {"detail":"Not Found"}
          """)
  void proveNothingWhileTheDatabaseIsNotConnected(int status, String readiness) {
    instance
        .answer("/health/readiness", new Answer(status, readiness))
        .answer("/key/list", 200)
        .answer("/v1/models", 200);

    KeyAnswer answer = api.ask(instance.url(), KEY);

    assertThat(answer).isInstanceOf(KeyAnswer.Unclear.class);
  }

  @ParameterizedTest
  @CsvSource({
    "sk-canary, token_not_found_in_db, Refused",
    "sk-canary, expired_key, Refused",
    "sk-canary, auth_error, Unclear",
    "sk-canary, , Unclear",
    "canary, auth_error, Refused"
  })
  void refusalCountsOnlyAfterALookUp(String key, @Nullable String type, String expected) {
    Answer refusal = new Answer(401, "{\"error\":{\"type\":\"" + type + "\"}}");
    instance
        .answer("/health/readiness", CONNECTED)
        .answer("/key/list", refusal)
        .answer("/v1/models", refusal);

    KeyAnswer answer = api.ask(instance.url(), KeyMaterial.of(key));

    assertThat(answer.getClass().getSimpleName()).isEqualTo(expected);
  }

  @ParameterizedTest
  @CsvSource({"200, Accepted", "400, Refused", "401, Refused", "500, Unclear"})
  void knowsTheOnlyKeyOfAnInstanceWithoutDatabase(int status, String expected) {
    instance.answer("/health/readiness", WITHOUT_DATABASE).answer("/v1/models", status);

    KeyAnswer answer = api.ask(instance.url(), KEY);

    assertThat(answer.getClass().getSimpleName()).isEqualTo(expected);
  }

  @Test
  void isUnclearWhenNothingListens() throws IOException {
    int port;
    try (ServerSocket socket = new ServerSocket(0)) {
      port = socket.getLocalPort();
    }

    KeyAnswer answer = api.ask(URI.create("http://127.0.0.1:" + port), KEY);

    assertThat(answer).isEqualTo(new KeyAnswer.Unclear("refuses the connection"));
  }

  @Test
  void givesUpOnBodyThatNeverEnds() throws Exception {
    try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      Thread.ofVirtual().start(() -> drip(server));
      Instant start = Instant.now();

      KeyAnswer answer = api.ask(URI.create("http://127.0.0.1:" + server.getLocalPort()), KEY);

      assertThat(answer).isEqualTo(new KeyAnswer.Unclear("did not answer within 1 s"));
      assertThat(Duration.between(start, Instant.now())).isLessThan(Duration.ofSeconds(4));
    }
  }

  private static void drip(ServerSocket server) {
    try (Socket socket = server.accept()) {
      OutputStream out = socket.getOutputStream();
      out.write(
          "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
      while (true) {
        out.write(' ');
        out.flush();
        Thread.sleep(100);
      }
    } catch (IOException | InterruptedException e) {
      // The client is gone.
    }
  }

  @Test
  void readsNoMoreThanTheBound() {
    instance.answer("/v1/model/info", new Answer(200, "{\"data\":[\"" + "x".repeat(5000) + "\"]}"));

    Models models = api.models(instance.url(), KEY);

    assertThat(models).isInstanceOf(Models.Unclear.class);
  }

  @ParameterizedTest
  @ValueSource(strings = {"sk-canary\n", "sk-canary\u00e9", "sk-canary\r\nX-Other: 1"})
  void sendsNoKeyThatIsNoHeaderAndDoesNotQuoteIt(String value) {
    instance.answer("/health/readiness", CONNECTED).answer("/key/list", 200);

    KeyAnswer answer = api.ask(instance.url(), KeyMaterial.of(value));

    assertThat(answer).isInstanceOf(KeyAnswer.Unclear.class);
    assertThat(answer.toString()).doesNotContain("canary");
    assertThat(instance.requests()).noneMatch(request -> request.contains("canary"));
  }

  @Test
  void goesPastTheProxyOfTheProcess() {
    instance.answer("/health/readiness", CONNECTED).answer("/key/list", 200);
    ProxySelector before = ProxySelector.getDefault();
    ProxySelector.setDefault(ProxySelector.of(new InetSocketAddress("127.0.0.1", 1)));
    try (HttpProxyApi direct = new HttpProxyApi(new InstanceClient(SHORT, SHORT, 4096, PLAIN))) {

      KeyAnswer answer = direct.ask(instance.url(), KEY);

      assertThat(answer).isEqualTo(new KeyAnswer.Accepted());
    } finally {
      ProxySelector.setDefault(before);
    }
  }

  @Test
  void repeatsNoPartOfAnAnswer() {
    String echo = "{\"error\":{\"message\":\"got sk-canary-7f3a\"},\"db\":\"sk-canary-7f3a\"}";
    instance
        .answer("/health/readiness", new Answer(200, echo))
        .answer("/v1/model/info", new Answer(500, echo))
        .answer("/v2/model/info", new Answer(500, echo));

    String all = api.ask(instance.url(), KEY) + " " + api.models(instance.url(), KEY);

    assertThat(all).doesNotContain("canary");
  }

  @Test
  void listsStoredModelsOnceAndNamesTheUnreadable() {
    instance.answer(
        "/v1/model/info",
        new Answer(
            200,
            """
            {"data":[
             {"model_name":"cfg","litellm_params":{"model":"openai/gpt-4o"},"model_info":{"id":"c","db_model":false}},
             {"model_name":"a","litellm_params":{"model":"openai/gpt-4o"},"model_info":{"id":"a","db_model":true}},
             {"model_name":"w/1","litellm_params":{"model":"openai/x"},"model_info":{"id":"w","db_model":true}},
             {"model_name":"w/2","litellm_params":{"model":"openai/y"},"model_info":{"id":"w","db_model":true}},
             {"model_name":"b","litellm_params":{"model":"v2:gcm:AAECAwQFBgcICQoL"},"model_info":{"id":"b","db_model":true}},
             {"model_name":"d","litellm_params":{},"model_info":{"id":"d","db_model":true}}]}
            """));

    Models models = api.models(instance.url(), KEY);

    assertThat(models).isEqualTo(new Models.Listed(4, List.of("b", "d")));
  }

  @Test
  void knowsAnInstanceWithoutAnyModel() {
    instance
        .answer("/v1/model/info", 500)
        .answer("/v2/model/info", new Answer(200, "{\"data\":[],\"total_count\":0}"));

    Models models = api.models(instance.url(), KEY);

    assertThat(models).isEqualTo(new Models.Listed(0, List.of()));
  }

  @Test
  void isUnclearAboutModelsWhenTheListFails() {
    instance.answer("/v1/model/info", 500).answer("/v2/model/info", 500);

    Models models = api.models(instance.url(), KEY);

    assertThat(models).isEqualTo(new Models.Unclear("answers HTTP 500 on /v1/model/info"));
  }

  @Test
  void findsTheVersionOnThePublicRouteOfOlderInstances() {
    instance.answer(
        "/health/readiness",
        new Answer(200, "{\"db\":\"connected\",\"litellm_version\":\"1.72.9\"}"));

    String version = api.version(instance.url(), KEY);

    assertThat(version).isEqualTo("1.72.9");
    assertThat(instance.requests()).containsExactly("null /health/readiness");
  }

  @Test
  void findsTheVersionInTheDetailsOfNewerInstances() {
    instance
        .answer("/health/readiness", CONNECTED)
        .answer("/health/readiness/details", new Answer(200, "{\"litellm_version\":\"1.108.4\"}"));

    String version = api.version(instance.url(), KEY);

    assertThat(version).isEqualTo("1.108.4");
  }

  @Test
  void hasNoVersionWhenTheInstanceDoesNotSay() {
    instance
        .answer("/health/readiness", CONNECTED)
        .answer("/health/readiness/details", new Answer(200, "{\"litellm_version\":\"<b>\"}"));

    String version = api.version(instance.url(), KEY);

    assertThat(version).isNull();
  }

  /** With a salt key set, LiteLLM's regeneration of the master key leaves nothing that opens. */
  @Test
  void nothingInThisProgramAsksLiteLlmToRegenerate() throws IOException {
    try (Stream<Path> sources = Files.walk(Path.of("src/main"))) {
      List<Path> asking =
          sources
              .filter(Files::isRegularFile)
              .filter(HttpProxyApiTest::mentionsRegeneration)
              .toList();

      assertThat(asking).isEmpty();
    }
  }

  private static boolean mentionsRegeneration(Path source) {
    try {
      String text = Files.readString(source);
      return text.contains("regenerate\"") || text.contains("new_master_key");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
