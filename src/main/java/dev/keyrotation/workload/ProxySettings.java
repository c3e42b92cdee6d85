package dev.keyrotation.workload;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import org.jspecify.annotations.Nullable;

/**
 * LiteLLM's configuration file, as far as keys are concerned. A reference {@code os.environ/NAME}
 * stands for an environment variable.
 */
final class ProxySettings {
  private static final YAMLMapper YAML = new YAMLMapper();
  private static final String REFERENCE = "os.environ/";

  private final JsonNode root;

  private ProxySettings(JsonNode root) {
    this.root = root;
  }

  /** Null when the text is no YAML mapping. */
  static @Nullable ProxySettings parse(String yaml) {
    try {
      JsonNode root = YAML.readTree(yaml);
      return root != null && root.isObject() ? new ProxySettings(root) : null;
    } catch (JsonProcessingException e) {
      // Its message quotes the file.
      return null;
    }
  }

  /** What a setting says. */
  sealed interface Setting {
    /** It is not there. */
    record Absent() implements Setting {}

    /** It refers to an environment variable. */
    record Variable(String name) implements Setting {}

    /** It has a value of its own, which is not kept. */
    record Value() implements Setting {}
  }

  /** One setting of a section, for example {@code general_settings}, {@code master_key}. */
  Setting setting(String section, String name) {
    JsonNode sectionNode = root.path(section);
    if (!sectionNode.has(name)) {
      return new Setting.Absent();
    }
    String text = sectionNode.path(name).asText();
    return text.startsWith(REFERENCE)
        ? new Setting.Variable(text.substring(REFERENCE.length()))
        : new Setting.Value();
  }

  boolean has(String section, String name) {
    return root.path(section).hasNonNull(name);
  }

  boolean isTrue(String section, String name) {
    return root.path(section).path(name).asBoolean(false);
  }

  /** Whether it takes in further files. */
  boolean includesFiles() {
    return root.has("include");
  }
}
