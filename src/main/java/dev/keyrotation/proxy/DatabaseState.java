package dev.keyrotation.proxy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.keyrotation.proxy.InstanceClient.Reply;

/**
 * What {@code /health/readiness} says of the instance's database. The field {@code db} has the same
 * words in all versions; since about 1.84 a lost connection also makes the status 503.
 */
sealed interface DatabaseState {
  /** Keys are looked up in it, so a refusal is one. */
  record Connected() implements DatabaseState {}

  /** None is configured: the master key is the only key. */
  record NotConfigured() implements DatabaseState {}

  /** Not known to work: what the instance says to a key proves nothing. */
  record Unknown(String why) implements DatabaseState {}

  static DatabaseState of(Reply readiness) {
    return switch (readiness) {
      case Reply.Failed(String why, boolean _) -> new Unknown(why);
      case Reply.Answered(int status, JsonNode json) -> of(status, json.path("db").asText());
    };
  }

  private static DatabaseState of(int status, String db) {
    if (status != 200) {
      return new Unknown("is not ready (HTTP " + status + " on /health/readiness)");
    }
    return switch (db) {
      case "connected" -> new Connected();
      case "Not connected" -> new NotConfigured();
      default -> new Unknown("has no connection to its database, or does not say");
    };
  }
}
