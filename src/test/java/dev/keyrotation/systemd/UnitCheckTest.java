package dev.keyrotation.systemd;

import static org.assertj.core.api.Assertions.assertThat;

import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.api.v1alpha1.CredentialFiles;
import dev.keyrotation.api.v1alpha1.KeyKind;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.KeyRotationSpecBuilder;
import dev.keyrotation.api.v1alpha1.SystemdUnitTarget;
import dev.keyrotation.api.v1alpha1.WorkloadSpec;
import dev.keyrotation.envfile.EnvironmentFileConsumer;
import dev.keyrotation.host.EpochMark;
import dev.keyrotation.host.FileStat;
import dev.keyrotation.host.Host;
import dev.keyrotation.host.LocalHost;
import dev.keyrotation.host.Output;
import dev.keyrotation.key.KeyMaterial;
import dev.keyrotation.workload.Workloads.Finding;
import dev.keyrotation.workload.Workloads.Wiring;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class UnitCheckTest {
  private static final KeyMaterial MASTER = KeyMaterial.of("sk-canary-1");

  @TempDir Path directory;
  private final List<String> facts =
      new ArrayList<>(
          List.of(
              "Uid=0",
              "LoadState=loaded",
              "UnitFileState=enabled",
              "TimeoutStopUSec=1min 30s",
              "OwnFile=yes",
              "Process=read"));
  private KeyMaterial running = MASTER;
  private Path file;

  @BeforeEach
  void write() throws IOException {
    file = directory.resolve("litellm.env");
    Files.writeString(file, "LITELLM_MASTER_KEY=" + MASTER.reveal() + "\n");
  }

  private Wiring wiring() {
    return wiring(SystemdUnitTarget.local("litellm.service", file.toString()));
  }

  private Wiring wiring(SystemdUnitTarget unit) {
    KeyRotation owner = new KeyRotation();
    owner.setMetadata(new ObjectMetaBuilder().withName("litellm").build());
    owner.setSpec(
        KeyRotationSpecBuilder.builder()
            .keys(List.of(KeyKind.MASTER))
            .workloads(List.of(WorkloadSpec.ofUnit(unit)))
            .build());
    EnvironmentFileConsumer files =
        new EnvironmentFileConsumer((rotation, target) -> new LocalHost());
    return new SystemdWorkloads(
            (rotation, target) -> new Answering(),
            files,
            (rotation, url) -> true,
            new SecureRandom())
        .wiring(owner, WorkloadSpec.ofUnit(unit));
  }

  private List<ConditionReason> reasons() {
    return wiring().findings().stream().map(Finding::reason).toList();
  }

  /** A host whose check says {@link #facts} and the digest of the key that runs. */
  private final class Answering implements Host {
    @Override
    public String name() {
      return "10.0.0.5";
    }

    @Override
    public Output run(List<String> argv, byte[] stdin) {
      throw new UnsupportedOperationException();
    }

    @Override
    public Output script(
        String doing, String script, List<String> arguments, byte[] stdin, int... alsoFine) {
      String nonce = new String(stdin, StandardCharsets.UTF_8).strip();
      String text =
          String.join("\n", facts) + "\nDigest=LITELLM_MASTER_KEY " + running.digest(nonce) + "\n";
      return new Output(0, text.getBytes(StandardCharsets.UTF_8), "");
    }

    @Override
    public void claim(EpochMark mark) {
      throw new UnsupportedOperationException();
    }

    @Override
    public Host under(EpochMark mark) {
      throw new UnsupportedOperationException();
    }

    @Override
    public Optional<FileStat> stat(String path) {
      return Optional.empty();
    }

    @Override
    public Optional<byte[]> read(String path) {
      return Optional.empty();
    }

    @Override
    public boolean create(String path, byte[] content, FileStat like) {
      throw new UnsupportedOperationException();
    }

    @Override
    public void replace(FileStat stat, byte[] content) {
      throw new UnsupportedOperationException();
    }

    @Override
    public void put(String path, byte[] content, String mode) {
      throw new UnsupportedOperationException();
    }

    @Override
    public void remove(String path) {
      throw new UnsupportedOperationException();
    }

    @Override
    public List<String> list(String path) {
      return List.of();
    }
  }

  @Test
  void unitThatRunsWithTheKeysOfItsFileIsFine() {
    assertThat(wiring()).isEqualTo(new Wiring(List.of(), List.of()));
  }

  @Test
  void unitThatRunsWithAnotherKeyBlocks() {
    running = KeyMaterial.of("sk-canary-2");

    assertThat(reasons()).containsExactly(ConditionReason.INSTANCES_ON_OTHER_KEY);
    assertThat(wiring().toString()).doesNotContain("canary");
  }

  @Test
  void fileThatNothingNamesBlocksUnlessTheProcessHasItsKeys() {
    facts.remove("OwnFile=yes");
    assertThat(wiring().findings()).isEmpty();
    assertThat(wiring().warnings()).anyMatch(w -> w.contains("nothing in its definition names"));

    running = KeyMaterial.of("sk-canary-2");
    assertThat(reasons()).contains(ConditionReason.WORKLOAD_DOES_NOT_READ_SECRET);
  }

  @Test
  void exportBlocksWhenSystemdReadsTheFile() throws IOException {
    Files.writeString(file, "export LITELLM_MASTER_KEY=" + MASTER.reveal() + "\n");
    assertThat(wiring().findings())
        .singleElement()
        .satisfies(f -> assertThat(f.message()).contains("does not know `export`"));

    facts.add("Mentions=command");
    assertThat(wiring().findings()).isEmpty();
  }

  @Test
  void credentialFileThatNothingNamesBlocksUnlessTheProcessHasItsKey() throws IOException {
    Files.writeString(file, MASTER.reveal());
    SystemdUnitTarget unit =
        SystemdUnitTarget.local("litellm.service", "/unused")
            .withEnvironmentFile(null)
            .withCredentialFiles(new CredentialFiles(file.toString(), null));
    facts.set(4, "Named=" + file);
    assertThat(wiring(unit)).isEqualTo(new Wiring(List.of(), List.of()));

    facts.remove(4);
    assertThat(wiring(unit).findings()).isEmpty();
    assertThat(wiring(unit).warnings())
        .anyMatch(w -> w.contains("nothing in its definition names"));

    running = KeyMaterial.of("sk-canary-2");
    assertThat(wiring(unit).findings())
        .anyMatch(f -> f.message().contains("Add LoadCredential=NAME:" + file));
  }

  @Test
  void userWithoutRightsBlocks() {
    facts.set(0, "Uid=1000");

    assertThat(reasons()).containsExactly(ConditionReason.HOST_ACCESS_DENIED);
  }

  @Test
  void secondFileWithTheSameVariableBlocks() {
    facts.add("OtherFile=LITELLM_MASTER_KEY /etc/default/litellm");

    assertThat(wiring().findings())
        .singleElement()
        .satisfies(
            f ->
                assertThat(f.message())
                    .contains("LITELLM_MASTER_KEY in a second environment file, /etc/default"));
  }

  @Test
  void databaseThatTheSpecDoesNotNameBlocks() {
    facts.add("Database=yes");

    assertThat(reasons()).containsExactly(ConditionReason.INVALID_SPEC);
  }

  @Test
  void whatShouldBeKnownIsWarnedOf() {
    facts.addAll(
        List.of("UsedBy=other.service", "UsedBy=litellm.service", "TriggeredBy=litellm.socket"));
    facts.set(2, "UnitFileState=disabled");
    facts.set(3, "TimeoutStopUSec=infinity");

    assertThat(wiring().findings()).isEmpty();
    assertThat(wiring().warnings())
        .anyMatch(w -> w.contains("with other.service, which"))
        .anyMatch(w -> w.contains("started by litellm.socket"))
        .anyMatch(w -> w.contains("is disabled"))
        .anyMatch(w -> w.contains("for ever"));
  }
}
