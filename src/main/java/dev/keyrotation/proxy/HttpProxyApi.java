package dev.keyrotation.proxy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.failure.Recovery;
import dev.keyrotation.failure.RotationException;
import dev.keyrotation.key.KeyMaterial;
import dev.keyrotation.proxy.InstanceClient.Reply;
import java.net.URI;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Asks LiteLLM over HTTP. Read off versions 1.72 to 1.108.
 *
 * <p>A key counts as accepted by a route that only admins may use, and as refused by 401 on that
 * route and on one that every key may use: an old master key that lives on as an ordinary key is
 * not dead. Either counts only while {@code /health/readiness} says that the database is connected.
 * With it down some versions refuse every key with 401, and with {@code
 * allow_requests_on_db_unavailable} accept every one.
 */
final class HttpProxyApi implements ProxyApi, AutoCloseable {
  private static final String READINESS = "/health/readiness";
  private static final String READINESS_DETAILS = "/health/readiness/details";
  private static final String MODEL_INFO = "/v1/model/info";
  private static final String MODEL_INFO_PAGED = "/v2/model/info?page=1&size=1";

  /**
   * Any key may list its own user's keys, only an admin those of another user. Nobody has this user
   * id, so the answer is short.
   */
  private static final String ADMINS_ONLY = "/key/list?page=1&size=1&user_id=keyrotation-no-user";

  private static final String EVERY_KEY = "/v1/models";

  /** Of the key that asks. */
  private static final String KEY_INFO = "/key/info";

  private static final int ALIAS_SINCE_MINOR = 84;

  /**
   * The types of a 401 that follows a look-up in the database. One that fails, also for a moment
   * and while readiness still says connected, gives a 401 of type {@code auth_error}.
   */
  private static final Set<String> LOOKED_UP = Set.of("token_not_found_in_db", "expired_key");

  private static final Pattern VERSION = Pattern.compile("[0-9][0-9A-Za-z.+-]{0,40}");

  private static final int OK = 200;
  private static final int BAD_REQUEST = 400;
  private static final int UNAUTHORIZED = 401;
  private static final int FORBIDDEN = 403;
  private static final int NOT_FOUND = 404;
  private static final int SERVER_ERROR = 500;

  private final InstanceClient client;

  HttpProxyApi(InstanceClient client) {
    this.client = client;
  }

  /** See {@link HttpProxies#isReady}. */
  boolean isReady(URI instance) {
    return switch (client.get(instance, READINESS)) {
      case Reply.Answered(int status, JsonNode _) -> status == OK;
      case Reply.Failed(String why, boolean distrusted) -> {
        if (distrusted) {
          throw new RotationException(
              ConditionReason.TLS_FAILED, Recovery.HALT, instance + " " + why + ".");
        }
        yield false;
      }
    };
  }

  @Override
  public KeyAnswer ask(URI instance, KeyMaterial key) {
    return switch (database(instance)) {
      case DatabaseState.Connected() -> askAdmin(instance, key);
      case DatabaseState.NotConfigured() -> askWithoutDatabase(instance, key);
      case DatabaseState.Unknown(String why) -> new KeyAnswer.Unclear(why);
    };
  }

  private KeyAnswer askAdmin(URI instance, KeyMaterial key) {
    return switch (client.get(instance, ADMINS_ONLY, key)) {
      case Reply.Failed(String why, boolean _) -> new KeyAnswer.Unclear(why);
      case Reply.Answered(int status, JsonNode _) ->
          switch (status) {
            case OK -> new KeyAnswer.Accepted();
            case UNAUTHORIZED -> askOrdinary(instance, key);
            case FORBIDDEN ->
                // A service mesh may answer this too, on any route.
                askOrdinary(instance, key) instanceof KeyAnswer.Ordinary ordinary
                    ? ordinary
                    : unexpected(status, "/key/list");
            default -> unexpected(status, "/key/list");
          };
    };
  }

  private KeyAnswer askOrdinary(URI instance, KeyMaterial key) {
    return switch (client.get(instance, EVERY_KEY, key)) {
      case Reply.Failed(String why, boolean _) -> new KeyAnswer.Unclear(why);
      case Reply.Answered(int status, JsonNode json) ->
          switch (status) {
            case OK -> new KeyAnswer.Ordinary();
            case UNAUTHORIZED -> refusal(key, json.path("error").path("type").asText());
            default -> unexpected(status, EVERY_KEY);
          };
    };
  }

  /** A key without the prefix is refused before any look-up. */
  private static KeyAnswer refusal(KeyMaterial key, String type) {
    return LOOKED_UP.contains(type) || !key.reveal().startsWith("sk-")
        ? new KeyAnswer.Refused()
        : new KeyAnswer.Unclear(
            "refuses the key, but does not say that it looked it up: its database may just be"
                + " failing, the key may be blocked, or LiteLLM is older than 1.72");
  }

  /** Without a database there is but one key, so any route shows whether it is this one. */
  private KeyAnswer askWithoutDatabase(URI instance, KeyMaterial key) {
    return switch (client.get(instance, EVERY_KEY, key)) {
      case Reply.Failed(String why, boolean _) -> new KeyAnswer.Unclear(why);
      case Reply.Answered(int status, JsonNode _) ->
          switch (status) {
            case OK -> new KeyAnswer.Accepted();
            case BAD_REQUEST, UNAUTHORIZED -> new KeyAnswer.Refused();
            default -> unexpected(status, EVERY_KEY);
          };
    };
  }

  @Override
  public KeyOrigin origin(URI instance, KeyMaterial key) {
    return switch (client.get(instance, KEY_INFO, key)) {
      case Reply.Failed _ -> KeyOrigin.NOT_TOLD;
      case Reply.Answered(int status, JsonNode json) ->
          switch (status) {
            case NOT_FOUND ->
                // Not what a missing route answers.
                json.path("error").path("type").asText().contains("not_found")
                    ? KeyOrigin.OWN_MASTER_KEY
                    : KeyOrigin.NOT_TOLD;
            case OK -> masterHasAlias(instance, key) ? KeyOrigin.ROW : KeyOrigin.NOT_TOLD;
            default -> KeyOrigin.NOT_TOLD;
          };
    };
  }

  /**
   * Since 1.84.0 a request with the master key goes on under an alias. Before, it goes on under the
   * key's hash, and the row of that is found whatever the instance was started with.
   */
  private boolean masterHasAlias(URI instance, KeyMaterial key) {
    String version = version(instance, key);
    Matcher numbers =
        Pattern.compile("([0-9]+)\\.([0-9]+)\\..*").matcher(version == null ? "" : version);
    if (!numbers.matches()) {
      return false;
    }
    int major = Integer.parseInt(numbers.group(1));
    return major > 1 || (major == 1 && Integer.parseInt(numbers.group(2)) >= ALIAS_SINCE_MINOR);
  }

  private DatabaseState database(URI instance) {
    return DatabaseState.of(client.get(instance, READINESS));
  }

  private static KeyAnswer unexpected(int status, String route) {
    return new KeyAnswer.Unclear("answers HTTP " + status + " on " + route);
  }

  @Override
  public Models models(URI instance, KeyMaterial master) {
    return switch (client.get(instance, MODEL_INFO, master)) {
      case Reply.Failed(String why, boolean _) -> new Models.Unclear(why);
      case Reply.Answered(int status, JsonNode json) ->
          switch (status) {
            case OK -> ModelList.read(json);
            case SERVER_ERROR -> modelsOfAnEmptyInstance(instance, master);
            default -> unclear(status);
          };
    };
  }

  /**
   * An instance without a single model answers {@code /v1/model/info} with 500, and the paged route
   * with an empty list.
   */
  private Models modelsOfAnEmptyInstance(URI instance, KeyMaterial master) {
    boolean empty =
        client.get(instance, MODEL_INFO_PAGED, master)
                instanceof Reply.Answered(int status, JsonNode json)
            && status == OK
            && json.path("data").isArray()
            && json.path("data").isEmpty();
    return empty ? ModelList.NONE : unclear(SERVER_ERROR);
  }

  private static Models unclear(int status) {
    return new Models.Unclear("answers HTTP " + status + " on " + MODEL_INFO);
  }

  @Override
  public @Nullable String version(URI instance, KeyMaterial master) {
    // Public up to about 1.84, for admins since.
    String version = version(client.get(instance, READINESS));
    return version == null ? version(client.get(instance, READINESS_DETAILS, master)) : version;
  }

  private static @Nullable String version(Reply reply) {
    String text =
        reply instanceof Reply.Answered(int _, JsonNode json)
            ? json.path("litellm_version").asText()
            : "";
    return VERSION.matcher(text).matches() ? text : null;
  }

  @Override
  public void close() {
    client.close();
  }
}
