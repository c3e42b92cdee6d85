package dev.keyrotation.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import java.io.IOException;
import java.io.InputStream;
import java.util.Map;

/**
 * The custom resource definition, as the API server uses it: the one source of what a resource may
 * say.
 */
final class Definition {
  private static final String RESOURCE =
      "/dev/keyrotation/crds/keyrotations.keyrotation.dev-v1.yml";
  private static final ObjectMapper YAML = new ObjectMapper(new YAMLFactory());

  private final ObjectNode schema;

  private Definition(ObjectNode schema) {
    this.schema = schema;
  }

  /** Reads the one that this version was built with. */
  static Definition load() {
    try (InputStream in = Definition.class.getResourceAsStream(RESOURCE)) {
      if (in == null) {
        throw new IllegalStateException(RESOURCE + " is not in the jar");
      }
      JsonNode crd = YAML.readTree(in);
      ObjectNode schema = (ObjectNode) crd.at("/spec/versions/0/schema/openAPIV3Schema").deepCopy();
      ObjectNode properties = (ObjectNode) schema.get("properties");
      // The API server knows these by itself.
      properties.putObject("apiVersion").put("const", "keyrotation.dev/v1alpha1");
      properties.putObject("kind").put("const", "KeyRotation");
      ObjectNode name = YAML.createObjectNode();
      name.put("type", "string").put("maxLength", 253);
      name.put("pattern", "^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$");
      ObjectNode metadata = properties.putObject("metadata");
      metadata.put("type", "object").putArray("required").add("name");
      metadata.putObject("properties").set("name", name);
      metadata.put("x-kubernetes-preserve-unknown-fields", true);
      // What the operator writes is no input.
      properties.putObject("status").put("x-kubernetes-preserve-unknown-fields", true);
      schema.putArray("required").add("apiVersion").add("kind").add("metadata").add("spec");
      return new Definition(schema);
    } catch (IOException e) {
      throw new IllegalStateException(RESOURCE + " cannot be read", e);
    }
  }

  /** The schema with its rules. */
  ObjectNode schema() {
    return schema;
  }

  /** The schema for a JSON Schema validator: a field that it does not name is an error. */
  ObjectNode strictSchema() {
    ObjectNode strict = schema.deepCopy();
    close(strict);
    return strict;
  }

  private static void close(JsonNode node) {
    if (node instanceof ObjectNode object) {
      if (object.get("properties") instanceof ObjectNode
          && !object.path("x-kubernetes-preserve-unknown-fields").asBoolean()) {
        object.put("additionalProperties", false);
      }
      object.remove("x-kubernetes-validations");
      object.forEach(Definition::close);
    } else if (node instanceof ArrayNode array) {
      array.forEach(Definition::close);
    }
  }

  /** Fills in the defaults, as the API server does before it checks rules. */
  void applyDefaults(JsonNode value) {
    applyDefaults(schema, value);
  }

  private static void applyDefaults(JsonNode schema, JsonNode value) {
    if (value instanceof ObjectNode object) {
      for (Map.Entry<String, JsonNode> property : schema.path("properties").properties()) {
        JsonNode fallback = property.getValue().get("default");
        if (fallback != null && !object.hasNonNull(property.getKey())) {
          object.set(property.getKey(), fallback.deepCopy());
        }
        JsonNode child = object.get(property.getKey());
        if (child != null) {
          applyDefaults(property.getValue(), child);
        }
      }
    } else if (value instanceof ArrayNode array) {
      array.forEach(item -> applyDefaults(schema.path("items"), item));
    }
  }
}
