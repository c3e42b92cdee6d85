package dev.keyrotation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.api.v1alpha1.ConditionType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What people look up when a condition puzzles them has to be there. */
class DocumentationTest {
  private static final Path CONDITIONS = Path.of("docs/conditions.md");

  @ParameterizedTest
  @EnumSource
  void everyReasonIsExplained(ConditionReason reason) throws IOException {
    assertThat(Files.readString(CONDITIONS)).contains("`" + reason.text() + "`");
  }

  @ParameterizedTest
  @EnumSource
  void everyConditionIsExplained(ConditionType type) throws IOException {
    assertThat(Files.readString(CONDITIONS)).contains(type.text());
  }
}
