package dev.keyrotation.key;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.failure.RotationException;
import dev.keyrotation.key.KeyStore.KeyRevisionMarks;
import dev.keyrotation.key.KeyStore.Revision;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileRevisionsTest {
  private static final KeySet KEYS =
      new KeySet(KeyMaterial.of("sk-canary-1"), KeyMaterial.of("salt \u00fc\n"));
  private static final KeyRevisionMarks MARKS = new KeyRevisionMarks("litellm-r2", "2026-11");

  @TempDir Path state;
  private Path directory;
  private FileRevisions store;

  @BeforeEach
  void open() {
    directory = state.resolve("revisions");
    store = new FileRevisions(directory);
  }

  private static KeyRotation owner(@Nullable String uid) {
    KeyRotation rotation = new KeyRotation();
    rotation.setMetadata(new ObjectMetaBuilder().withName("litellm").withUid(uid).build());
    return rotation;
  }

  private static final KeyRotation OWNER = owner("uid-1");

  @Test
  void keptRevisionIsReadAsItWasWritten() {
    store.createRevision(OWNER, 2, KEYS, MARKS);

    assertThat(store.revision(OWNER, 2)).isEqualTo(new Revision.Usable(KEYS, MARKS));
    assertThat(store.revisions(OWNER)).containsExactly(2L);
  }

  @Test
  void onlyTheOwnerOfTheProcessCanReadIt() throws IOException {
    store.createRevision(OWNER, 2, KEYS, MARKS);

    assertThat(mode(directory)).isEqualTo("rwx------");
    assertThat(mode(directory.resolve("r2.json"))).isEqualTo("rw-------");
    try (Stream<Path> files = Files.list(directory)) {
      assertThat(files).containsExactly(directory.resolve("r2.json"));
    }
  }

  private static String mode(Path path) throws IOException {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
  }

  @Test
  void keptRevisionIsNeverOverwritten() {
    store.createRevision(OWNER, 2, KEYS, MARKS);

    store.createRevision(OWNER, 2, new KeySet(KeyMaterial.of("sk-other"), null), MARKS);

    assertThat(store.revision(OWNER, 2)).isEqualTo(new Revision.Usable(KEYS, MARKS));
  }

  @Test
  void revisionOfAPredecessorIsNotUsed() {
    store.createRevision(owner("uid-0"), 2, KEYS, MARKS);

    assertThat(store.revision(OWNER, 2)).isInstanceOf(Revision.Conflict.class);
    assertThatThrownBy(() -> store.deleteRevision(OWNER, 2)).isInstanceOf(RotationException.class);
    assertThat(store.revisions(OWNER)).containsExactly(2L);
  }

  @Test
  void fileThatWasDamagedOrOpenedToOthersIsNotUsedAndNotQuoted() throws IOException {
    store.createRevision(OWNER, 2, KEYS, MARKS);
    Path file = directory.resolve("r2.json");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
    assertThat(store.revision(OWNER, 2)).isInstanceOf(Revision.Conflict.class);

    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
    Files.writeString(file, "{\"master\": \"sk-canary-1\", oops");

    assertThat(store.revision(OWNER, 2))
        .isInstanceOfSatisfying(
            Revision.Conflict.class, c -> assertThat(c.message()).doesNotContain("canary"));
  }

  @Test
  void deletedRevisionIsGone() {
    store.createRevision(OWNER, 2, KEYS, MARKS);

    store.deleteRevision(OWNER, 2);

    assertThat(store.revision(OWNER, 2)).isInstanceOf(Revision.Missing.class);
  }
}
