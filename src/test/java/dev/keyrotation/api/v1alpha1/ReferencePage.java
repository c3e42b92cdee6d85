package dev.keyrotation.api.v1alpha1;

import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceColumnDefinition;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinitionVersion;
import io.fabric8.kubernetes.api.model.apiextensions.v1.JSONSchemaProps;
import io.fabric8.kubernetes.api.model.apiextensions.v1.ValidationRule;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;

/** docs/reference.md, from the custom resource definition. */
final class ReferencePage {
  private final StringBuilder page = new StringBuilder();
  private final List<String> rules = new ArrayList<>();

  private ReferencePage() {}

  static String of(CustomResourceDefinitionVersion version) {
    return new ReferencePage().write(version);
  }

  private String write(CustomResourceDefinitionVersion version) {
    JSONSchemaProps root = version.getSchema().getOpenAPIV3Schema();
    line("# KeyRotation, `keyrotation.dev/" + version.getName() + "`");
    line("");
    line("<!-- Generated from the Java types by `make crd`; do not edit. -->");
    line("");
    line(root.getDescription() + " Namespaced; short name `kr`.");
    line("");
    line(
        "Durations are numbers with a unit, `s`, `m`, `h` or `d`: `90s`, `1h30m`, `30d`; or `0`."
            + " Times in the status are RFC 3339.");
    section(root, "spec");
    section(root, "status");
    line("");
    line("## Refused at admission");
    line("");
    rulesOf("", root);
    rules.forEach(this::line);
    line("");
    line("## Columns of `kubectl get keyrotations`");
    line("");
    line("| column | shows |");
    line("| --- | --- |");
    version.getAdditionalPrinterColumns().forEach(this::column);
    return page.toString();
  }

  private void section(JSONSchemaProps root, String name) {
    JSONSchemaProps schema = root.getProperties().get(name);
    line("");
    line("## " + name);
    line("");
    line(schema.getDescription());
    line("");
    line("| field | type | meaning |");
    line("| --- | --- | --- |");
    fields(name, schema);
  }

  private void fields(String path, JSONSchemaProps schema) {
    for (Map.Entry<String, JSONSchemaProps> entry : schema.getProperties().entrySet()) {
      JSONSchemaProps field = entry.getValue();
      boolean required =
          schema.getRequired() != null && schema.getRequired().contains(entry.getKey());
      String name = path + "." + entry.getKey() + (isList(field) ? "[]" : "");
      line("| `" + name + "` | " + type(field, required) + " | " + cell(field) + " |");
      JSONSchemaProps inner = isList(field) ? field.getItems().getSchema() : field;
      if (inner.getProperties() != null && !path.endsWith(".conditions[]")) {
        fields(name, inner);
      }
    }
  }

  private static boolean isList(JSONSchemaProps field) {
    return "array".equals(field.getType());
  }

  private static String type(JSONSchemaProps field, boolean required) {
    JSONSchemaProps unit = isList(field) ? field.getItems().getSchema() : field;
    StringBuilder text = new StringBuilder();
    text.append(
        unit.getEnum() == null || unit.getEnum().isEmpty()
            ? unit.getType()
            : unit.getEnum().stream()
                .map(value -> "`" + value.asText() + "`")
                .collect(Collectors.joining(" \\| ")));
    if (isList(field)) {
      text.append(", list");
    }
    if (field.getDefault() != null) {
      text.append("; default `").append(field.getDefault().asText()).append('`');
    }
    if (required) {
      text.append("; **required**");
    }
    return text.toString();
  }

  private static String cell(JSONSchemaProps field) {
    return Objects.requireNonNullElse(field.getDescription(), "").replace("|", "\\|");
  }

  private void rulesOf(String path, JSONSchemaProps schema) {
    if (schema.getXKubernetesValidations() != null) {
      for (ValidationRule rule : schema.getXKubernetesValidations()) {
        rules.add("- " + (path.isEmpty() ? "" : "`" + path + "`: ") + rule.getMessage());
      }
    }
    if (schema.getProperties() != null) {
      schema
          .getProperties()
          .forEach((name, inner) -> rulesOf(path.isEmpty() ? name : path + "." + name, inner));
    }
    if (schema.getItems() != null && schema.getItems().getSchema() != null) {
      rulesOf(path + "[]", schema.getItems().getSchema());
    }
  }

  private void column(CustomResourceColumnDefinition column) {
    boolean wide = column.getPriority() != null && column.getPriority() > 0;
    line(
        "| "
            + column.getName()
            + (wide ? " (with `-o wide`)" : "")
            + " | `"
            + column.getJsonPath()
            + "` |");
  }

  private void line(String text) {
    page.append(text).append('\n');
  }
}
