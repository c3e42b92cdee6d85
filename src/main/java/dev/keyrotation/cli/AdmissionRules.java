package dev.keyrotation.cli;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.cel.common.CelValidationException;
import dev.cel.common.types.SimpleType;
import dev.cel.compiler.CelCompiler;
import dev.cel.compiler.CelCompilerFactory;
import dev.cel.parser.CelStandardMacro;
import dev.cel.runtime.CelEvaluationException;
import dev.cel.runtime.CelRuntime;
import dev.cel.runtime.CelRuntimeFactory;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The rules of the definition ({@code x-kubernetes-validations}), in the language in which the API
 * server evaluates them. One that it alone can evaluate is left to it.
 */
final class AdmissionRules {
  private static final ObjectMapper JSON =
      new ObjectMapper().enable(DeserializationFeature.USE_LONG_FOR_INTS);

  private final CelCompiler compiler =
      CelCompilerFactory.standardCelCompilerBuilder()
          .setStandardMacros(CelStandardMacro.STANDARD_MACROS)
          .addVar("self", SimpleType.DYN)
          .addVar("oldSelf", SimpleType.DYN)
          .build();
  private final CelRuntime runtime = CelRuntimeFactory.standardCelRuntimeBuilder().build();
  private final JsonNode schema;

  AdmissionRules(JsonNode schema) {
    this.schema = schema;
  }

  /** A rule that a value breaks; {@code path} as in {@code spec.workloads[0]}. */
  record Broken(String path, JsonNode value, String message) {}

  /** The rules that {@code resource} breaks by itself. */
  List<Broken> brokenBy(JsonNode resource) {
    List<Broken> broken = new ArrayList<>();
    walk(schema, "", resource, null, broken);
    return broken;
  }

  /** The rules that the change from {@code before} to {@code resource} breaks. */
  List<Broken> brokenByChange(JsonNode resource, JsonNode before) {
    List<Broken> broken = new ArrayList<>();
    walk(schema, "", resource, before, broken);
    return broken;
  }

  private void walk(
      JsonNode schema,
      String path,
      JsonNode value,
      @Nullable JsonNode before,
      List<Broken> broken) {
    for (JsonNode rule : schema.path("x-kubernetes-validations")) {
      String text = rule.path("rule").asText();
      if ((before != null) == text.contains("oldSelf") && !holds(text, value, before)) {
        broken.add(new Broken(path, value, rule.path("message").asText(text)));
      }
    }
    for (Map.Entry<String, JsonNode> property : schema.path("properties").properties()) {
      JsonNode child = value.get(property.getKey());
      if (child != null && !child.isNull()) {
        String name = path.isEmpty() ? property.getKey() : path + "." + property.getKey();
        JsonNode old = before == null ? null : before.get(property.getKey());
        walk(property.getValue(), name, child, old, broken);
      }
    }
    if (value.isArray() && schema.has("items")) {
      for (int i = 0; i < value.size(); i++) {
        walk(schema.path("items"), path + "[" + i + "]", value.get(i), null, broken);
      }
    }
  }

  private boolean holds(String rule, JsonNode value, @Nullable JsonNode before) {
    Map<String, Object> variables = new HashMap<>();
    variables.put("self", plain(value));
    if (before != null) {
      variables.put("oldSelf", plain(before));
    }
    try {
      return !Boolean.FALSE.equals(
          runtime.createProgram(compiler.compile(rule).getAst()).eval(variables));
    } catch (CelValidationException e) {
      return true; // a function that only the API server has
    } catch (CelEvaluationException e) {
      return false;
    }
  }

  /** Whether this evaluator knows every function of {@code rule}. */
  boolean understands(String rule) {
    return !compiler.compile(rule).hasError();
  }

  private static Object plain(JsonNode value) {
    return JSON.convertValue(value, new TypeReference<Object>() {});
  }
}
