package dev.keyrotation.proxy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.keyrotation.proxy.ProxyApi.Models;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * The answer of {@code /v1/model/info}: {@code data} is a list of models (one object when LiteLLM
 * was started with {@code --model}). It comes in one piece, without pages. A wildcard model is
 * listed once per model it stands for, with the same id.
 */
final class ModelList {
  static final Models.Listed NONE = new Models.Listed(0, List.of());

  private static final Pattern MARKED = Pattern.compile("v[0-9]+:gcm:.*");

  /**
   * 40 bytes and more in base64, which is the shortest NaCl box. Model names of that length have a
   * dot, a colon or a provider in small letters before the first slash.
   */
  private static final Pattern BASE64 = Pattern.compile("[A-Za-z0-9+/_-]{54,}={0,2}");

  private static final Pattern PROVIDER = Pattern.compile("[a-z0-9_-]+/.*");
  private static final Pattern PLAIN_ID = Pattern.compile("[A-Za-z0-9._:/-]{1,100}");

  private ModelList() {}

  static Models read(JsonNode answer) {
    JsonNode data = answer.path("data");
    if (!data.isContainerNode()) {
      return new Models.Unclear("answers /v1/model/info without a list of models");
    }
    Set<String> stored = new LinkedHashSet<>();
    Set<String> unreadable = new LinkedHashSet<>();
    for (JsonNode model : data.isArray() ? data : List.of(data)) {
      JsonNode info = model.path("model_info");
      if (info.path("db_model").asBoolean(false)) {
        String id = info.path("id").asText();
        stored.add(id);
        if (!isReadable(model.path("litellm_params").path("model"))) {
          unreadable.add(PLAIN_ID.matcher(id).matches() ? id : "(no plain id)");
        }
      }
    }
    return new Models.Listed(stored.size(), List.copyOf(unreadable));
  }

  private static boolean isReadable(JsonNode name) {
    return name.isTextual() && !name.asText().isBlank() && !looksEncrypted(name.asText());
  }

  static boolean looksEncrypted(String name) {
    return MARKED.matcher(name).matches()
        || (name.length() % 4 == 0
            && BASE64.matcher(name).matches()
            && !PROVIDER.matcher(name).matches()
            && changesCaseOften(name));
  }

  /**
   * Random base64 changes between capitals, small letters, digits and signs at two of three places;
   * words do not.
   */
  private static boolean changesCaseOften(String name) {
    int changes = 0;
    for (int i = 1; i < name.length(); i++) {
      if (kind(name.charAt(i)) != kind(name.charAt(i - 1))) {
        changes++;
      }
    }
    return changes * 20 > name.length() * 9;
  }

  private static int kind(char c) {
    return Character.isUpperCase(c)
        ? 0
        : Character.isLowerCase(c) ? 1 : Character.isDigit(c) ? 2 : 3;
  }
}
