package dev.keyrotation.envfile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.keyrotation.api.v1alpha1.KeyKind;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.KeyRotationSpecBuilder;
import dev.keyrotation.api.v1alpha1.KeyRotationStatus;
import dev.keyrotation.api.v1alpha1.SystemdUnitTarget;
import dev.keyrotation.api.v1alpha1.WorkloadSpec;
import dev.keyrotation.failure.RotationException;
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
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EnvironmentFileConsumerTest {
  private static final String RUNBOOK =
      """
      # keys of the proxy
      export LITELLM_MASTER_KEY="sk-canary-old"
      export LITELLM_SALT_KEY='salt canary $old'

      export LITELLM_SMOKE_TEST_KEY="sk-canary-old"   # smoke test
      export OTHER=1
      """;
  private static final KeySet OLD = keys("sk-canary-old", "salt canary $old");
  private static final KeySet NEW = keys("sk-canary-new", "sk-canary-salt-new");
  private static final String FORWARD = "litellm-r2/Forward";
  private static final String BACK = "litellm-r2/RollBack";

  @TempDir Path directory;
  private final EnvironmentFileConsumer consumer =
      new EnvironmentFileConsumer((owner, unit) -> new LocalHost());
  private Path file;

  private static KeySet keys(String master, @Nullable String salt) {
    return new KeySet(KeyMaterial.of(master), salt == null ? null : KeyMaterial.of(salt));
  }

  @BeforeEach
  void write() throws IOException {
    file = write(".007", RUNBOOK);
  }

  private Path write(String name, String text) throws IOException {
    Path path = Files.writeString(directory.resolve(name), text);
    return Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-------"));
  }

  private KeyRotation owner(SystemdUnitTarget... units) {
    KeyRotation rotation = new KeyRotation();
    rotation.setMetadata(new ObjectMetaBuilder().withName("litellm").withUid("uid-1").build());
    rotation.setSpec(
        KeyRotationSpecBuilder.builder()
            .keys(List.of(KeyKind.MASTER, KeyKind.SALT))
            .workloads(Stream.of(units).map(WorkloadSpec::ofUnit).toList())
            .build());
    return rotation;
  }

  private SystemdUnitTarget unit(Path path) {
    return SystemdUnitTarget.local("litellm.service", path.toString())
        .withMirrors(List.of("LITELLM_SMOKE_TEST_KEY"));
  }

  private Consumer.Usable usable(KeyRotation owner) {
    return (Consumer.Usable) consumer.consumer(owner);
  }

  @Test
  void keysOfTheRunbooksFileAreRead() {
    Consumer.Usable found = usable(owner(unit(file)));

    assertThat(found).isEqualTo(new Consumer.Usable(OLD, null, List.of(), null, List.of()));
  }

  @Test
  void publishedKeysAreThereWithTheirMarkAndNothingElseHasChanged() {
    KeyRotation owner = owner(unit(file));

    consumer.publish(owner, NEW, FORWARD);

    assertThat(usable(owner).keys()).isEqualTo(NEW);
    assertThat(usable(owner).stamp()).isEqualTo(FORWARD);
    assertThat(file)
        .hasContent(
            RUNBOOK
                .replace("sk-canary-old", "sk-canary-new")
                .replace("salt canary $old", "sk-canary-salt-new"));
    assertThat(directory.resolve("."))
        .isDirectoryContaining("glob:**.007.keyrotation-litellm-r2-Forward");
  }

  @Test
  void copiesOfARotationThatTheStateDoesNotKnowAreAnObstacle() {
    KeyRotation owner = owner(unit(file));
    consumer.publish(owner, NEW, FORWARD);

    owner.setStatus(KeyRotationStatus.empty().withLastRevision(1));

    assertThat(usable(owner).obstacle()).contains(FORWARD, ".007.keyrotation-litellm-r2-Forward");
    owner.setStatus(KeyRotationStatus.empty().withLastRevision(2));
    assertThat(usable(owner).obstacle()).isNull();
  }

  @Test
  void rolledBackFileIsTheSameByteForByte() throws IOException {
    String odd = RUNBOOK.replace("\"sk-canary-old\"", "sk-'canary'\"-old\"") + "# end";
    Files.writeString(file, odd);
    KeyRotation owner = owner(unit(file));
    consumer.publish(owner, NEW, FORWARD);

    consumer.publish(owner, OLD, BACK);

    assertThat(Files.readString(file)).isEqualTo(odd);
    assertThat(usable(owner).stamp()).isEqualTo(BACK);
  }

  @Test
  void fileWithACopyThatDifferedGoesBackAsItWasAndCountsAsDone() throws IOException {
    String stale = RUNBOOK.replace("KEY=\"sk-canary-old\"   #", "KEY=\"sk-stale\"   #");
    Files.writeString(file, stale);
    KeyRotation owner = owner(unit(file));
    consumer.publish(owner, NEW, FORWARD);

    consumer.publish(owner, OLD, BACK);

    assertThat(Files.readString(file)).isEqualTo(stale);
    assertThat(usable(owner).staleMirrors()).isEmpty();
  }

  @Test
  void whatSomebodyAddedMeanwhileSurvivesARollBack() throws IOException {
    KeyRotation owner = owner(unit(file));
    consumer.publish(owner, NEW, FORWARD);
    Files.writeString(file, Files.readString(file) + "export ADDED=1\n");

    consumer.publish(owner, OLD, BACK);

    assertThat(Files.readString(file)).isEqualTo(RUNBOOK + "export ADDED=1\n");
  }

  @Test
  void saltKeyThatARotationIntroducesGoesAgainWithIt() throws IOException {
    String without = "LITELLM_MASTER_KEY=sk-canary-old\nLITELLM_SMOKE_TEST_KEY=sk-canary-old";
    Files.writeString(file, without);
    KeyRotation owner = owner(unit(file));
    consumer.publish(owner, NEW, FORWARD);
    assertThat(usable(owner).keys()).isEqualTo(NEW);

    consumer.publish(owner, keys("sk-canary-old", null), BACK);

    assertThat(Files.readString(file)).isEqualTo(without);
  }

  @Test
  void publishingAfterAPowerCutBetweenCopyAndReplacementGoesOn() throws IOException {
    KeyRotation owner = owner(unit(file));
    consumer.publish(owner, NEW, FORWARD);
    Files.writeString(file, RUNBOOK); // as it is when only the copy was made

    assertThat(usable(owner).keys()).isEqualTo(OLD);
    consumer.publish(owner, NEW, FORWARD);

    assertThat(usable(owner).keys()).isEqualTo(NEW);
  }

  @Test
  void filesAreWrittenOneByOneAndCountOnlyWhenAllAgree() throws IOException {
    Path other = write("b.env", RUNBOOK);
    KeyRotation owner = owner(unit(file), unit(other).withUnit("b.service"));

    consumer.publish(owner, NEW, FORWARD);
    assertThat(consumer.consumer(owner)).isInstanceOf(Consumer.Invalid.class);
    consumer.publish(owner, NEW, FORWARD);

    assertThat(usable(owner).keys()).isEqualTo(NEW);
    assertThat(usable(owner).stamp()).isEqualTo(FORWARD);
  }

  @Test
  void unitsThatShareAFileHaveToNameItAlike() {
    KeyRotation owner = owner(unit(file), unit(file).withUnit("b.service").withMirrors(List.of()));

    assertThat(consumer.consumer(owner))
        .isInstanceOfSatisfying(
            Consumer.Invalid.class, i -> assertThat(i.message()).contains("different variables"));
  }

  @Test
  void forgottenRotationLeavesNoCopy() throws IOException {
    KeyRotation owner = owner(unit(file));
    consumer.publish(owner, NEW, FORWARD);

    consumer.forget(owner, "litellm-r2");

    try (Stream<Path> files = Files.list(directory)) {
      assertThat(files).containsExactly(file);
    }
    assertThat(usable(owner).stamp()).isNull();
  }

  @Test
  void markOfALaterRotationWins() {
    KeyRotation owner = owner(unit(file));
    consumer.publish(owner, NEW, "litellm-r9/Forward");
    consumer.publish(owner, OLD, "litellm-r9/RollBack");

    consumer.publish(owner, NEW, "litellm-r10/Forward");

    assertThat(usable(owner).stamp()).isEqualTo("litellm-r10/Forward");
  }

  @Test
  void rollBackOfAFileThatWasNeverWrittenNeedsNoMoreThanAMark() throws IOException {
    KeyRotation owner = owner(unit(file));

    consumer.publish(owner, OLD, BACK);

    assertThat(usable(owner).stamp()).isEqualTo(BACK);
    assertThat(Files.readString(file)).isEqualTo(RUNBOOK);
    assertThat(directory.resolve(".007.keyrotation-litellm-r2-RollBack")).isEmptyFile();
  }

  @Test
  void missingFileIsNamed() throws IOException {
    Files.delete(file);

    assertThat(consumer.consumer(owner(unit(file))))
        .isEqualTo(new Consumer.Missing("File " + file));
    assertThatThrownBy(() -> consumer.publish(owner(unit(file)), NEW, FORWARD))
        .isInstanceOf(RotationException.class)
        .hasMessageContaining("does not exist any more");
  }

  @Test
  void leftOversOfTheKeyAreWarnedOfWithoutQuotingIt() throws IOException {
    Files.writeString(
        file, RUNBOOK + "export COPY=sk-canary-old\n# old: sk-canary-old\n" + RUNBOOK);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));

    assertThat(usable(owner(unit(file))).warnings())
        .anyMatch(w -> w.contains("COPY holds the master key too"))
        .anyMatch(w -> w.contains("in a comment"))
        .anyMatch(w -> w.contains("sets LITELLM_MASTER_KEY in lines [2, 10]"))
        .anyMatch(w -> w.contains("every user of its host"))
        .noneMatch(w -> w.contains("canary"));
  }

  @Test
  void keysThatOnlyAShellFindsAreKnown() {
    assertThat(consumer.unseenBySystemd(owner(unit(file)), unit(file)))
        .containsExactly("LITELLM_MASTER_KEY", "LITELLM_SALT_KEY");
  }
}
