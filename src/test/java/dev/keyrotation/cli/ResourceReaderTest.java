package dev.keyrotation.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import com.fasterxml.jackson.databind.JsonNode;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class ResourceReaderTest {
  private static final String GOOD =
      """
      apiVersion: keyrotation.dev/v1alpha1
      kind: KeyRotation
      metadata: {name: litellm}
      spec:
        keys: [Master, Salt]
        secretRef: {name: litellm-keys}
        database:
          urlFrom: {secretKeyRef: {name: litellm-db, key: DATABASE_URL}}
        workloads:
          - deployment: {name: litellm}
        rotate: {request: "first"}
      """;

  @TempDir Path directory;

  private final ResourceReader reader = new ResourceReader();

  private KeyRotation read(String yaml) throws IOException {
    return reader.read(Files.writeString(directory.resolve("kr.yaml"), yaml), null);
  }

  static Stream<Path> examples() throws IOException {
    try (Stream<Path> files = Files.list(Path.of("examples"))) {
      return files.filter(file -> file.toString().endsWith(".yaml")).toList().stream();
    }
  }

  @ParameterizedTest
  @MethodSource("examples")
  void everyExampleIsValid(Path example) throws IOException {
    for (String document : Files.readString(example).split("(?m)^---\\s*$", -1)) {
      if (document.contains("kind: KeyRotation")) {
        assertThat(read(document).getSpec().keys()).isNotEmpty();
      }
    }
  }

  @Test
  void defaultsAreFilledIn() throws IOException {
    KeyRotation resource = read(GOOD);

    assertThat(resource.getMetadata().getNamespace()).isEqualTo("default");
    assertThat(resource.getSpec().stepDeadline()).isEqualTo("15m");
  }

  static Stream<Arguments> wrongValues() {
    return Stream.of(
        arguments("name: litellm}\nspec", "name: Litellm!}\nspec", ":3: metadata.name"),
        arguments("[Master, Salt]", "[Master, Pepper]", ":5: spec.keys[1]"),
        arguments("keys: [Master, Salt]", "key: [Master]", "spec: there is no field 'key'"),
        arguments("[Master, Salt]", "[Salt, Salt]", ":5: spec.keys: a key is listed twice"),
        arguments("rotate:", "stepDeadline: 5 minutes\n  rotate:", "spec.stepDeadline"),
        arguments("\"first\"", "5", "spec.rotate.request: integer found, string expected"),
        arguments("{name: litellm}\n  rotate", "{name: a, size: 2}\n  rotate", "no field 'size'"),
        arguments("{name: litellm}\n  rotate", "{}\n  rotate", "spec.workloads[0].deployment"),
        arguments("v1alpha1", "v9", ":1: apiVersion"));
  }

  @ParameterizedTest
  @MethodSource("wrongValues")
  void aWrongValueIsNamedWithItsLine(String from, String to, String expected) {
    assertThatThrownBy(() -> read(GOOD.replace(from, to)))
        .isInstanceOfSatisfying(
            CommandFailure.class, f -> assertThat(f.exitCode()).isEqualTo(ExitCode.BAD_INPUT))
        .hasMessageContaining("kr.yaml:")
        .hasMessageContaining(expected);
  }

  @Test
  void aWorkloadThatIsTwoThingsIsRefused() {
    String two =
        GOOD.replace(
            "deployment: {name: litellm}",
            "deployment: {name: litellm}\n"
                + "      systemdUnit: {unit: a.service, environmentFile: /a}");

    assertThatThrownBy(() -> read(two))
        .hasMessageContaining("kr.yaml:10: spec.workloads[0]: a workload is exactly one of");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          environmentFile: /e, credentialFiles: {masterKey: /m}|exactly one of environmentFile
          masterKey: A|exactly one of environmentFile and credentialFiles
          credentialFiles: {masterKey: /m, saltKey: /s}, mirrors: [A]|mirrors are variables
          credentialFiles: {masterKey: /m, saltKey: /m}|name the same file
          credentialFiles: {masterKey: /m}|set credentialFiles.saltKey
          credentialFiles: {masterKey: m, saltKey: /s}|credentialFiles.masterKey
          """)
  void aUnitWithWrongFilesIsRefused(String files, String says) {
    String unit =
        GOOD.replace(
            "deployment: {name: litellm}", "systemdUnit: {unit: a.service, " + files + "}");

    assertThatThrownBy(() -> read(unit)).hasMessageContaining(says);
  }

  @Test
  void aUnitWithCredentialFilesIsRead() throws IOException {
    String unit =
        GOOD.replace(
            "deployment: {name: litellm}",
            "systemdUnit: {unit: a.service, credentialFiles: {masterKey: /m, saltKey: /s}}");

    assertThat(read(unit).getSpec().units().getFirst().keyFiles()).containsExactly("/m", "/s");
  }

  @Test
  void aSaltRotationWithoutDatabaseIsRefused() {
    String without = GOOD.replaceAll("(?m)^  database:\\n.*\\n", "");

    assertThatThrownBy(() -> read(without)).hasMessageContaining("set spec.database");
  }

  @Test
  void severalProblemsAreNamedAtOnce() {
    assertThatThrownBy(() -> read(GOOD.replace("keys:", "key:").replace("secretRef", "secret")))
        .hasMessageContaining("'key'")
        .hasMessageContaining("'secret'");
  }

  @Test
  void severalDocumentsAreRefused() {
    assertThatThrownBy(() -> read("---\n" + GOOD + "---\n" + GOOD))
        .hasMessageContaining("several documents");
  }

  @Test
  void whatIsNoYamlIsRefused() {
    assertThatThrownBy(() -> read("a: [")).hasMessageContaining("is no YAML");
  }

  @Test
  void everyRuleOfTheDefinitionIsUnderstoodHere() {
    JsonNode schema = Definition.load().schema();
    AdmissionRules rules = new AdmissionRules(schema);

    assertThat(schema.findValues("rule"))
        .isNotEmpty()
        .allMatch(rule -> rules.understands(rule.asText()));
  }
}
