package dev.keyrotation.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.keyrotation.api.v1alpha1.DataCounts;
import dev.keyrotation.api.v1alpha1.Direction;
import dev.keyrotation.api.v1alpha1.Failure;
import dev.keyrotation.api.v1alpha1.KeyFingerprints;
import dev.keyrotation.api.v1alpha1.KeyKind;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.KeyRotationStatus;
import dev.keyrotation.api.v1alpha1.Progress;
import dev.keyrotation.api.v1alpha1.RolloutMode;
import dev.keyrotation.api.v1alpha1.RotationStatus;
import dev.keyrotation.api.v1alpha1.RotationStatusBuilder;
import dev.keyrotation.api.v1alpha1.StepName;
import dev.keyrotation.api.v1alpha1.Trigger;
import dev.keyrotation.engine.HostedWorld;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import org.junit.jupiter.api.Test;

class TextsTest {
  private static final Instant START = Instant.parse("2026-11-25T03:00:00Z");

  private static RotationStatus rotation() {
    return RotationStatusBuilder.builder()
        .id("litellm-r2")
        .revision(2)
        .fromRevision(1)
        .direction(Direction.FORWARD)
        .step(StepName.STOP_WORKLOADS)
        .reached(StepName.STOP_WORKLOADS)
        .keys(List.of(KeyKind.MASTER, KeyKind.SALT))
        .mode(RolloutMode.DRAIN)
        .reencrypts(true)
        .trigger(Trigger.REQUEST)
        .startedAt(START.toString())
        .stepStartedAt(START.plusSeconds(3).toString())
        .oldKeys(new KeyFingerprints("aaaaaaaaaaaa", null))
        .data(DataCounts.NONE)
        .build();
  }

  private static KeyRotation resource(RotationStatus rotation) {
    return Resources.with(
        new ObjectMetaBuilder().withName("litellm").build(),
        HostedWorld.spec(),
        KeyRotationStatus.empty().with().rotation(rotation).build());
  }

  @Test
  void theStepTableShowsWhatIsDoneWhatRunsAndWhatComes() {
    StepTable table = new StepTable();
    table.render(resource(rotation()), START.plusSeconds(5));
    RotationStatus next =
        rotation()
            .with()
            .step(StepName.REENCRYPT_DATA)
            .stepStartedAt(START.plusSeconds(12).toString())
            .progress(new Progress(1200, 4000, "rows"))
            .build();

    assertThat(table.render(resource(next), START.plusSeconds(75)))
        .isEqualTo(
            """
            litellm-r2: to the new keys, 1m15s
            STEP              STATE    TIME  DETAIL
            GenerateKeys      done
            OpenGrace         done
            StopWorkloads     done     9s
            PublishKeys       done
            ReencryptData     running  1m3s  1200 of 4000 rows
            RestartWorkloads  -
            Verify            -
            CloseGrace        -\
            """);
  }

  @Test
  void theWayBackSaysWhy() {
    RotationStatus back =
        rotation()
            .with()
            .direction(Direction.ROLL_BACK)
            .reached(StepName.RESTART_WORKLOADS)
            .rollBackCause(
                new Failure(
                    StepName.RESTART_WORKLOADS,
                    "StepDeadlineExceeded",
                    "pods do not get ready.",
                    START.toString()))
            .build();

    assertThat(new StepTable().render(resource(back), START.plusSeconds(5)))
        .contains("back to the old keys")
        .contains("because StepDeadlineExceeded: pods do not get ready.");
  }

  @Test
  void linesTellEachStepAndEachNewFailureOnce() {
    StringWriter out = new StringWriter();
    ProgressLines lines = new ProgressLines(new PrintWriter(out));
    Failure failure =
        new Failure(
            StepName.STOP_WORKLOADS,
            "ClusterUnavailable",
            "It does not answer.",
            START.plusSeconds(4).toString());

    lines.show(resource(rotation()));
    lines.show(resource(rotation()));
    lines.show(resource(rotation().with().attempts(1).lastFailure(failure).build()));
    lines.show(resource(rotation().with().attempts(2).lastFailure(failure).build()));

    assertThat(out.toString().lines())
        .containsExactly(
            "2026-11-25T03:00:03Z litellm-r2: stopping all instances",
            "2026-11-25T03:00:04Z litellm-r2: ClusterUnavailable: It does not answer.");
  }

  @Test
  void theLiveTableDrawsOverItself() {
    StringWriter out = new StringWriter();
    LiveTable live =
        new LiveTable(new PrintWriter(out), Clock.fixed(START.plusSeconds(9), ZoneOffset.UTC), 20);

    live.show(resource(rotation()));
    live.show(resource(rotation()));

    String[] drawings = out.toString().split("\u001b\\[10A\u001b\\[J", -1);
    assertThat(drawings).hasSize(2);
    assertThat(drawings[0]).isEqualTo(drawings[1]);
    assertThat(drawings[0].lines()).hasSize(10).allMatch(line -> line.length() < 20);
  }

  @Test
  void durationsAreShort() {
    assertThat(Texts.duration(Duration.ofSeconds(59))).isEqualTo("59s");
    assertThat(Texts.duration(Duration.ofSeconds(61))).isEqualTo("1m1s");
    assertThat(Texts.duration(Duration.ofMinutes(125))).isEqualTo("2h5m");
  }

  @Test
  void yamlKeepsTextThatLooksLikeANumber() {
    assertThat(Resources.yaml(HostedWorld.spec().withGracePeriod("0")))
        .contains("gracePeriod: \"0\"");
  }
}
