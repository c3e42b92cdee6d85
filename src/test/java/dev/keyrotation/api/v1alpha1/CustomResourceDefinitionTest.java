package dev.keyrotation.api.v1alpha1;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.crdv2.generator.CRDGenerator;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CustomResourceDefinitionTest {
  private static final String FILE = "keyrotations.keyrotation.dev-v1.yml";
  private static final Path COMMITTED = Path.of("deploy/crds", FILE);

  @Test
  void committedDefinitionIsWhatTheTypesGenerate(@TempDir Path directory) throws IOException {
    new CRDGenerator()
        .customResourceClasses(KeyRotation.class)
        .inOutputDir(directory.toFile())
        .forCRDVersions("v1")
        .withPostProcessor(new DefinitionPolish())
        .detailedGenerate();
    String generated = Files.readString(directory.resolve(FILE));
    if (Boolean.getBoolean("crd.update")) {
      Files.writeString(COMMITTED, generated);
    }

    assertThat(Files.readString(COMMITTED))
        .as("run `make crd` and commit %s", COMMITTED)
        .isEqualTo(generated);
  }
}
