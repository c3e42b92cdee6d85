package dev.keyrotation.cli;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.networknt.schema.InputFormat;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SchemaValidatorsConfig;
import com.networknt.schema.SpecVersion.VersionFlag;
import com.networknt.schema.ValidationMessage;
import com.networknt.schema.serialization.JsonNodeReader;
import com.networknt.schema.utils.JsonNodes;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.error.MarkedYAMLException;

/**
 * Reads a KeyRotation from a file and refuses what the API server would refuse: unknown fields,
 * wrong values, broken rules. Every problem is named, with its line.
 */
final class ResourceReader {
  private static final String DEFAULT_NAMESPACE = "default";

  private final Definition definition = Definition.load();
  private final AdmissionRules rules = new AdmissionRules(definition.schema());
  private final JsonNodeReader lines = JsonNodeReader.builder().locationAware().build();

  /**
   * Reads {@code file}.
   *
   * @param before the resource as it was last used here; null when it was not. What cannot change
   *     in mid-rotation is compared with it.
   * @throws CommandFailure with {@link ExitCode#BAD_INPUT} that names every problem
   */
  KeyRotation read(Path file, @Nullable KeyRotation before) {
    JsonNode document = parse(file);
    List<String> problems = new ArrayList<>();
    for (ValidationMessage message : schema().validate(document)) {
      problems.add(file + place(message) + ": " + sentence(message));
    }
    if (problems.isEmpty()) {
      definition.applyDefaults(document);
      List<AdmissionRules.Broken> broken = new ArrayList<>(rules.brokenBy(document));
      if (broken.isEmpty() && before != null) {
        // Both in the form in which we write them, so that only a real change counts as one.
        JsonNode after = Resources.tree(Resources.of(document));
        broken.addAll(rules.brokenByChange(after, Resources.tree(before)));
      }
      for (AdmissionRules.Broken rule : broken) {
        String where = rule.path().isEmpty() ? "" : rule.path() + ": ";
        problems.add(file + line(rule.value()) + ": " + where + rule.message());
      }
    }
    if (!problems.isEmpty()) {
      throw new CommandFailure(ExitCode.BAD_INPUT, String.join(System.lineSeparator(), problems));
    }
    ((ObjectNode) document).remove("status");
    KeyRotation resource = Resources.of(document);
    if (resource.getMetadata().getNamespace() == null) {
      resource.getMetadata().setNamespace(DEFAULT_NAMESPACE);
    }
    return resource;
  }

  private JsonNode parse(Path file) {
    String text;
    try {
      text = Files.readString(file);
    } catch (IOException e) {
      throw new CommandFailure(
          ExitCode.BAD_INPUT, file + " cannot be read: " + IoWords.of(e) + ".", e);
    }
    if (text.lines().filter(line -> line.matches("---(\\s.*)?")).count() > 1) {
      throw new CommandFailure(
          ExitCode.BAD_INPUT, file + " holds several documents. Give each resource its own file.");
    }
    try {
      JsonNode document = lines.readTree(text, InputFormat.YAML);
      if (document instanceof ObjectNode) {
        return document;
      }
    } catch (IOException | RuntimeException e) {
      throw new CommandFailure(ExitCode.BAD_INPUT, file + " is no YAML: " + words(e), e);
    }
    throw new CommandFailure(ExitCode.BAD_INPUT, file + " is no resource.");
  }

  private JsonSchema schema() {
    return JsonSchemaFactory.getInstance(VersionFlag.V202012)
        .getSchema(definition.strictSchema(), SchemaValidatorsConfig.builder().build());
  }

  private static String place(ValidationMessage message) {
    JsonNode node = message.getInstanceNode();
    String property = message.getProperty();
    if (node != null && property != null && node.get(property) != null) {
      node = node.get(property);
    }
    return node == null ? "" : line(node);
  }

  private static String line(JsonNode node) {
    try {
      JsonLocation location = JsonNodes.tokenLocationOf(node);
      return location == null ? "" : ":" + location.getLineNr();
    } catch (IllegalArgumentException e) {
      return ""; // a value that does not stand in the file
    }
  }

  /** {@code /spec/workloads/0} is what the validator calls it; people know spec.workloads[0]. */
  private static String sentence(ValidationMessage message) {
    String text = message.getMessage();
    String where =
        message
            .getInstanceLocation()
            .toString()
            .replaceAll("/(\\d+)(?=/|$)", "[$1]")
            .replaceFirst("^/", "")
            .replace('/', '.');
    int end = text.indexOf(": ");
    String what = end < 0 ? text : text.substring(end + 2);
    if ("additionalProperties".equals(message.getType())) {
      what = "there is no field '" + message.getProperty() + "'";
    }
    return where.isEmpty() ? what : where + ": " + what;
  }

  /**
   * The parser's own words, without the lines of the file that it quotes: they may hold secrets.
   */
  private static String words(Exception failure) {
    Throwable cause = failure;
    while (cause.getCause() != null && !(cause instanceof MarkedYAMLException)) {
      cause = cause.getCause();
    }
    return cause instanceof MarkedYAMLException marked && marked.getProblemMark() != null
        ? "line " + (marked.getProblemMark().getLine() + 1) + ", " + marked.getProblem()
        : failure.getClass().getSimpleName();
  }
}
