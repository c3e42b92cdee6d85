package dev.keyrotation.envfile;

import static org.assertj.core.api.Assertions.assertThat;

import dev.keyrotation.api.v1alpha1.CredentialFiles;
import dev.keyrotation.api.v1alpha1.KeyKind;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.KeyRotationSpecBuilder;
import dev.keyrotation.api.v1alpha1.SystemdUnitTarget;
import dev.keyrotation.api.v1alpha1.WorkloadSpec;
import dev.keyrotation.host.LocalHost;
import dev.keyrotation.key.KeyMaterial;
import dev.keyrotation.key.KeySet;
import dev.keyrotation.key.KeyStore.Consumer;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CredentialFilesTest {
  private static final KeySet OLD = keys("sk-canary-old", "salt canary $old");
  private static final KeySet NEW = keys("sk-canary-new", "sk-canary-salt-new");
  private static final String FORWARD = "litellm-r2/Forward";
  private static final String BACK = "litellm-r2/RollBack";

  @TempDir Path directory;
  private final EnvironmentFileConsumer consumer =
      new EnvironmentFileConsumer((owner, unit) -> new LocalHost());
  private Path master;
  private Path salt;

  private static KeySet keys(String master, String salt) {
    return new KeySet(KeyMaterial.of(master), KeyMaterial.of(salt));
  }

  @BeforeEach
  void write() throws IOException {
    master = write("master.key", "sk-canary-old\n");
    salt = write("salt.key", "salt canary $old");
  }

  private Path write(String name, String text) throws IOException {
    Path path = Files.writeString(directory.resolve(name), text);
    return Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("r--r-----"));
  }

  private static KeyRotation owner(SystemdUnitTarget... units) {
    KeyRotation rotation = new KeyRotation();
    rotation.setMetadata(new ObjectMetaBuilder().withName("litellm").withUid("uid-1").build());
    rotation.setSpec(
        KeyRotationSpecBuilder.builder()
            .keys(List.of(KeyKind.MASTER, KeyKind.SALT))
            .workloads(Stream.of(units).map(WorkloadSpec::ofUnit).toList())
            .build());
    return rotation;
  }

  private SystemdUnitTarget unit() {
    return unit(new CredentialFiles(master.toString(), salt.toString()));
  }

  private static SystemdUnitTarget unit(CredentialFiles files) {
    return SystemdUnitTarget.local("litellm.service", "/unused")
        .withEnvironmentFile(null)
        .withCredentialFiles(files);
  }

  private Consumer.Usable usable() {
    return (Consumer.Usable) consumer.consumer(owner(unit()));
  }

  private void publish(KeySet keys, String stamp) {
    consumer.publish(owner(unit()), keys, stamp);
  }

  private void publishAll(KeySet keys, String stamp) {
    publish(keys, stamp);
    publish(keys, stamp);
  }

  @Test
  void keysAreTheWholeContentOfTheirFilesWithoutLineEnds() {
    assertThat(usable()).isEqualTo(new Consumer.Usable(OLD, null, List.of(), null, List.of()));
  }

  @Test
  void withoutASaltFileTheMasterKeyIsAlone() {
    KeyRotation owner = owner(unit(new CredentialFiles(master.toString(), null)));

    assertThat(consumer.consumer(owner))
        .isInstanceOfSatisfying(
            Consumer.Usable.class, found -> assertThat(found.keys().salt()).isNull());
  }

  @Test
  void publishedKeysAreThereWithLineEndAndModeAsBefore() throws IOException {
    publishAll(NEW, FORWARD);

    assertThat(usable().keys()).isEqualTo(NEW);
    assertThat(usable().stamp()).isEqualTo(FORWARD);
    assertThat(Files.readString(master)).isEqualTo("sk-canary-new\n");
    assertThat(Files.readString(salt)).isEqualTo("sk-canary-salt-new");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(master)))
        .isEqualTo("r--r-----");
    assertThat(directory.resolve(".master.key.keyrotation-litellm-r2-Forward"))
        .hasContent("sk-canary-old\n");
    assertThat(
            PosixFilePermissions.toString(
                Files.getPosixFilePermissions(
                    directory.resolve(".salt.key.keyrotation-litellm-r2-Forward"))))
        .isEqualTo("rw-------");
  }

  @Test
  void filesAreWrittenOneByOneAndCountOnlyWithBoth() {
    publish(NEW, FORWARD);

    assertThat(usable().keys()).isEqualTo(new KeySet(NEW.master(), OLD.salt()));
    assertThat(usable().stamp()).isNull();
  }

  @Test
  void rollBackFromHalfWayPutsBackEveryByte() throws IOException {
    Files.writeString(write("master.key", ""), "sk-canary-old\n\n");
    publish(NEW, FORWARD);

    publishAll(OLD, BACK);

    assertThat(Files.readString(master)).isEqualTo("sk-canary-old\n\n");
    assertThat(Files.readString(salt)).isEqualTo("salt canary $old");
    assertThat(usable().stamp()).isEqualTo(BACK);
  }

  @Test
  void fileThatSomebodyMendedMeanwhileKeepsThatOnTheWayBack() throws IOException {
    publishAll(NEW, FORWARD);
    Files.writeString(master, "sk-canary-new"); // without the line end

    publishAll(OLD, BACK);

    assertThat(Files.readString(master)).isEqualTo("sk-canary-old");
  }

  @Test
  void publishingAgainWritesNothing() throws IOException {
    publishAll(NEW, FORWARD);
    Object before = Files.getAttribute(master, "unix:ino");

    publish(NEW, FORWARD);

    assertThat(Files.getAttribute(master, "unix:ino")).isEqualTo(before);
  }

  @Test
  void forgottenRotationLeavesNoCopy() throws IOException {
    publishAll(NEW, FORWARD);

    consumer.forget(owner(unit()), "litellm-r2");

    try (Stream<Path> files = Files.list(directory)) {
      assertThat(files).containsExactlyInAnyOrder(master, salt);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          LITELLM_MASTER_KEY=sk-canary\\nLITELLM_SALT_KEY=x\\n|holds more than one line
          sk-canary\\r\\n|begins or ends with a space or line break
          \\n|is empty
          sk-canary\\0|zero byte
          """)
  void fileThatIsNoBareKeyIsRefusedWithoutQuotingIt(String text, String says) throws IOException {
    Files.writeString(master, text.replace("\\n", "\n").replace("\\r", "\r").replace("\\0", "\0"));

    assertThat(consumer.consumer(owner(unit())))
        .isInstanceOfSatisfying(
            Consumer.Invalid.class,
            found ->
                assertThat(found.message())
                    .contains(master.toString(), says, "environmentFile")
                    .doesNotContain("canary"));
  }

  @Test
  void emptySaltKeyIsWarnedOf() throws IOException {
    Files.writeString(salt, "");

    assertThat(usable().keys().salt()).isEqualTo(KeyMaterial.of(""));
    assertThat(usable().warnings()).anyMatch(w -> w.contains("salt.key is empty"));
  }

  @Test
  void missingFileIsNamed() throws IOException {
    Files.delete(salt);

    assertThat(consumer.consumer(owner(unit()))).isEqualTo(new Consumer.Missing("File " + salt));
  }

  @Test
  void unitsThatShareOneFileHaveToShareBoth() throws IOException {
    Path other = write("other.key", "salt canary $old");
    KeyRotation owner =
        owner(unit(), unit(new CredentialFiles(master.toString(), other.toString())));

    assertThat(consumer.consumer(owner))
        .isInstanceOfSatisfying(
            Consumer.Invalid.class,
            found -> assertThat(found.message()).contains("master.key", "several units"));
  }

  @Test
  void unitWithCredentialsAndUnitWithAnEnvironmentFileHaveTheSameKeys() throws IOException {
    Path file =
        write(".env", "LITELLM_MASTER_KEY=sk-canary-old\nLITELLM_SALT_KEY='salt canary $old'\n");
    KeyRotation owner = owner(unit(), SystemdUnitTarget.local("b.service", file.toString()));

    assertThat(consumer.consumer(owner))
        .isInstanceOfSatisfying(
            Consumer.Usable.class, found -> assertThat(found.keys()).isEqualTo(OLD));
  }
}
