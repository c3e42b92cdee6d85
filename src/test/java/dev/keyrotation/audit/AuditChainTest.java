package dev.keyrotation.audit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.keyrotation.api.v1alpha1.DataCounts;
import dev.keyrotation.api.v1alpha1.Direction;
import dev.keyrotation.api.v1alpha1.KeyFingerprints;
import dev.keyrotation.api.v1alpha1.KeyKind;
import dev.keyrotation.api.v1alpha1.RolloutMode;
import dev.keyrotation.api.v1alpha1.RotationReason;
import dev.keyrotation.api.v1alpha1.RotationResult;
import dev.keyrotation.api.v1alpha1.StepName;
import dev.keyrotation.api.v1alpha1.Trigger;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AuditChainTest {
  private static final Instant NOW = Instant.parse("2026-11-25T03:00:00Z");

  @TempDir Path directory;
  private Path file;
  private FileAuditLog log;

  @BeforeEach
  void setUp() throws IOException {
    file = directory.resolve("audit.jsonl");
    log = new FileAuditLog(file);
    AuditEntry begun =
        AuditEntryBuilder.builder()
            .event(AuditEvent.BEGUN)
            .rotation("litellm-r2")
            .actor("user root, sudo by ada")
            .trigger(Trigger.REQUEST)
            .request("ticket \"7\"")
            .rotationReason(RotationReason.COMPROMISED)
            .direction(Direction.FORWARD)
            .step(StepName.GENERATE_KEYS)
            .keys(List.of(KeyKind.MASTER, KeyKind.SALT))
            .mode(RolloutMode.DRAIN)
            .oldKeys(new KeyFingerprints("aaaaaaaaaaaa", "bbbbbbbbbbbb"))
            .build();
    log.append(NOW, "ai/litellm", begun);
    log.append(
        NOW.plusSeconds(2),
        "ai/litellm",
        begun
            .with()
            .event(AuditEvent.STEP_BEGUN)
            .step(StepName.STOP_WORKLOADS)
            .newKeys(new KeyFingerprints("cccccccccccc", "dddddddddddd"))
            .build());
    log.append(
        NOW.plusSeconds(60),
        "ai/litellm",
        begun
            .with()
            .event(AuditEvent.ENDED)
            .step(StepName.CLOSE_GRACE)
            .result(RotationResult.SUCCEEDED)
            .data(new DataCounts(5, 40, 42, 1, 1))
            .unavailableSeconds(9L)
            .build());
  }

  private void rewrite(java.util.function.UnaryOperator<List<String>> change) throws IOException {
    Files.write(file, change.apply(new ArrayList<>(Files.readAllLines(file))));
  }

  private AuditChain.Check check() throws IOException {
    return AuditChain.check(log.lines());
  }

  @Test
  void whatWasWrittenIsIntact() throws IOException {
    assertThat(check())
        .isInstanceOfSatisfying(
            AuditChain.Check.Intact.class,
            intact -> {
              assertThat(intact.lines()).isEqualTo(3);
              assertThat(intact.first()).isEqualTo(1);
            });
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("rw-------");
  }

  @Test
  void aChangedWordIsFound() throws IOException {
    rewrite(
        lines -> {
          lines.set(1, lines.get(1).replace("StopWorkloads", "PublishKeys"));
          return lines;
        });

    assertThat(check())
        .isEqualTo(
            new AuditChain.Check.Broken(2, "its hash is not that of its content: it was changed"));
  }

  @Test
  void aRemovedLineIsFound() throws IOException {
    rewrite(
        lines -> {
          lines.remove(1);
          return lines;
        });

    assertThat(check())
        .isInstanceOfSatisfying(
            AuditChain.Check.Broken.class, b -> assertThat(b.line()).isEqualTo(2));
  }

  @Test
  void linesThatChangedPlacesAreFound() throws IOException {
    rewrite(
        lines -> {
          lines.add(1, lines.remove(2));
          return lines;
        });

    assertThat(check()).isInstanceOf(AuditChain.Check.Broken.class);
  }

  @Test
  void aLineOfAnotherAuditIsFound() throws IOException {
    String stranger =
        AuditChain.line(
            new AuditChain.Head(4, AuditChain.GENESIS),
            NOW,
            "ai/litellm",
            AuditEntryBuilder.builder().event(AuditEvent.RETIRED).build());
    Files.writeString(file, stranger + "\n", StandardOpenOption.APPEND);

    assertThat(check())
        .isInstanceOfSatisfying(
            AuditChain.Check.Broken.class, b -> assertThat(b.line()).isEqualTo(4));
  }

  @Test
  void anAuditWhoseOldestLinesWereRemovedSaysWhereItBegins() throws IOException {
    rewrite(
        lines -> {
          lines.removeFirst();
          return lines;
        });

    assertThat(check())
        .isInstanceOfSatisfying(
            AuditChain.Check.Intact.class, i -> assertThat(i.first()).isEqualTo(2));
  }

  @Test
  void theRestOfALineThatAPowerCutLeftIsCutOffByTheNextAppend() throws IOException {
    Files.writeString(file, "{\"seq\":4,\"ti", StandardOpenOption.APPEND);
    assertThat(check()).isInstanceOf(AuditChain.Check.Intact.class);

    log.append(NOW, "ai/litellm", AuditEntryBuilder.builder().event(AuditEvent.RETIRED).build());

    assertThat(check())
        .isInstanceOfSatisfying(
            AuditChain.Check.Intact.class, i -> assertThat(i.lines()).isEqualTo(4));
  }

  @Test
  void anEdgeThatIsToldTwiceIsWrittenOnce() throws IOException {
    AuditEntry again = AuditChain.read(log.lines().getLast()).entry();

    log.append(NOW.plusSeconds(99), "ai/litellm", again);

    assertThat(log.lines()).hasSize(3);
  }

  @Test
  void theReportTellsWhoWhyWhatAndHowItEnded() throws IOException {
    List<AuditRecord> records = log.lines().stream().map(AuditChain::read).toList();
    AuditChain.Check.Intact chain = (AuditChain.Check.Intact) check();

    assertThat(AuditReport.text(records, chain))
        .isEqualToIgnoringNewLines(
            """
            Key rotation litellm-r2

            Resource            ai/litellm
            Keys replaced       master key, salt key
            Made by             user root, sudo by ada
            Why                 request "ticket "7""; somebody else may know the old keys (Compromised)
            Mode                Drain
            Began               2026-11-25T03:00:00Z
            Ended               2026-11-25T03:01:00Z
            Result              Succeeded
            Old keys            master aaaaaaaaaaaa, salt bbbbbbbbbbbb (fingerprints)
            New keys            master cccccccccccc, salt dddddddddddd (fingerprints)
            Data                42 values in 40 rows re-encrypted, 1 master key rows moved or removed
            No instance served  for 9 s
            Audit               lines 1 to 3 of 3, chain intact, last hash %s

            What happened

            2026-11-25T03:00:00Z  The rotation began.
            2026-11-25T03:00:02Z  Step StopWorkloads began; the one before it is proven.
            2026-11-25T03:01:00Z  The rotation ended: Succeeded.\
            """
                .formatted(chain.head()));
    assertThat(AuditReport.markdown(records, chain))
        .startsWith("# Key rotation litellm-r2")
        .contains("| Result | Succeeded |");
  }
}
