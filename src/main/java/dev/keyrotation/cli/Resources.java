package dev.keyrotation.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLGenerator;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.KeyRotationSpec;
import dev.keyrotation.api.v1alpha1.KeyRotationStatus;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import org.jspecify.annotations.Nullable;

/** A KeyRotation as text and back, in the form that the API server uses. */
final class Resources {
  private static final ObjectMapper JSON =
      new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);
  private static final ObjectMapper YAML =
      new ObjectMapper(
          YAMLFactory.builder()
              .disable(YAMLGenerator.Feature.WRITE_DOC_START_MARKER)
              .enable(YAMLGenerator.Feature.MINIMIZE_QUOTES)
              .enable(YAMLGenerator.Feature.ALWAYS_QUOTE_NUMBERS_AS_STRINGS)
              .build());
  private static final KubernetesSerialization KUBERNETES =
      new KubernetesSerialization(JSON, false);

  private Resources() {}

  static KeyRotation of(JsonNode tree) {
    return KUBERNETES.convertValue(tree, KeyRotation.class);
  }

  static KeyRotation parse(String json) {
    return KUBERNETES.unmarshal(json, KeyRotation.class);
  }

  static JsonNode tree(Object value) {
    return JSON.valueToTree(value);
  }

  static String json(Object value) {
    return JSON.valueToTree(value).toPrettyString();
  }

  static String yaml(Object value) {
    try {
      return YAML.writeValueAsString(tree(value)).stripTrailing();
    } catch (com.fasterxml.jackson.core.JsonProcessingException e) {
      throw new IllegalStateException("a status can always be written", e);
    }
  }

  static KeyRotation with(
      ObjectMeta metadata, KeyRotationSpec spec, @Nullable KeyRotationStatus status) {
    KeyRotation resource = new KeyRotation();
    resource.setMetadata(metadata);
    resource.setSpec(spec);
    resource.setStatus(status);
    return resource;
  }

  static KeyRotation withStatus(KeyRotation resource, @Nullable KeyRotationStatus status) {
    return with(resource.getMetadata(), resource.getSpec(), status);
  }

  static KeyRotation withSpec(KeyRotation resource, KeyRotationSpec spec) {
    return with(resource.getMetadata(), spec, resource.getStatus());
  }
}
