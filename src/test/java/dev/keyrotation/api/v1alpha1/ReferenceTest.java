package dev.keyrotation.api.v1alpha1;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.crdv2.generator.CRDGenerator;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinition;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinitionVersion;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReferenceTest {
  private static final Path COMMITTED = Path.of("docs/reference.md");

  @Test
  void committedReferenceSaysWhatTheTypesSay(@TempDir Path directory) throws IOException {
    String reference = ReferencePage.of(definition(directory));
    if (Boolean.getBoolean("crd.update")) {
      Files.writeString(COMMITTED, reference);
    }

    assertThat(Files.readString(COMMITTED))
        .as("run `make crd` and commit %s", COMMITTED)
        .isEqualTo(reference);
  }

  private static CustomResourceDefinitionVersion definition(Path directory) throws IOException {
    new CRDGenerator()
        .customResourceClasses(KeyRotation.class)
        .inOutputDir(directory.toFile())
        .forCRDVersions("v1")
        .withPostProcessor(new DefinitionPolish())
        .detailedGenerate();
    String generated = Files.readString(directory.resolve("keyrotations.keyrotation.dev-v1.yml"));
    return Serialization.unmarshal(generated, CustomResourceDefinition.class)
        .getSpec()
        .getVersions()
        .getFirst();
  }
}
