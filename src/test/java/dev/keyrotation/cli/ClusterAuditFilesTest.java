package dev.keyrotation.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.keyrotation.api.v1alpha1.DataCounts;
import dev.keyrotation.api.v1alpha1.HistoryEntryBuilder;
import dev.keyrotation.api.v1alpha1.KeyFingerprints;
import dev.keyrotation.api.v1alpha1.KeyKind;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.KeyRotationStatus;
import dev.keyrotation.api.v1alpha1.RotationResult;
import dev.keyrotation.api.v1alpha1.Trigger;
import dev.keyrotation.audit.AuditChain;
import dev.keyrotation.audit.AuditChain.Head;
import dev.keyrotation.audit.StatusEdges;
import dev.keyrotation.audit.StatusEdges.Edge;
import dev.keyrotation.cluster.AuditMaps;
import dev.keyrotation.engine.HostedWorld;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What somebody may do to the ConfigMaps, and what the verbs then say. */
class ClusterAuditFilesTest {
  private final KeyRotation resource =
      Resources.with(
          new ObjectMetaBuilder()
              .withName("litellm")
              .withNamespace("ai")
              .withCreationTimestamp("2026-11-01T00:00:00Z")
              .build(),
          HostedWorld.spec(),
          KeyRotationStatus.empty()
              .with()
              .history(
                  List.of(
                      HistoryEntryBuilder.builder()
                          .id("litellm-r2")
                          .revision(2)
                          .fromRevision(1)
                          .result(RotationResult.SUCCEEDED)
                          .keys(List.of(KeyKind.MASTER))
                          .trigger(Trigger.REQUEST)
                          .request("first")
                          .oldKeys(new KeyFingerprints("aaaaaaaaaaaa", null))
                          .startedAt("2026-11-25T03:00:00Z")
                          .completedAt("2026-11-25T03:01:00Z")
                          .data(DataCounts.NONE)
                          .retiredAt("2026-12-25T03:01:00Z")
                          .build()))
              .build());

  /** One line in each. */
  private final List<ConfigMap> maps = new ArrayList<>();

  private final ClusterAuditFiles audit = new ClusterAuditFiles("litellm", () -> maps);

  @BeforeEach
  void write() {
    Head head = Head.EMPTY;
    for (Edge edge : StatusEdges.of(resource, field -> null)) {
      String line = AuditChain.line(head, edge.time(), "ai/litellm", edge.entry());
      head = new Head(head.next() + 1, AuditChain.read(line).hash());
      maps.add(map(AuditMaps.name("litellm", maps.size() + 1), line + "\n"));
    }
    maps.addFirst(map("litellm-audit-notes", "somebody's own\n"));
  }

  private static ConfigMap map(String name, String text) {
    return new ConfigMapBuilder()
        .withNewMetadata()
        .withName(name)
        .endMetadata()
        .addToData(AuditMaps.ENTRY, text)
        .build();
  }

  @Test
  void theLinesOfAllOfThemAreOneIntactChainThatTellsAllThatTheStatusTells() {
    List<String> lines = audit.lines();

    assertThat(lines).hasSize(3);
    assertThat(AuditChain.check(lines)).isInstanceOf(AuditChain.Check.Intact.class);
    assertThat(ClusterAuditFiles.missing(resource, lines)).isEmpty();
  }

  @Test
  void aChangedLineIsNamedWithItsConfigMap() {
    maps.get(2)
        .getData()
        .computeIfPresent(AuditMaps.ENTRY, (e, text) -> text.replace("first", "x"));

    AuditChain.Check check = AuditChain.check(audit.lines());

    assertThat(check)
        .isInstanceOfSatisfying(
            AuditChain.Check.Broken.class,
            broken ->
                assertThat(audit.place(broken.line()))
                    .isEqualTo("Line 2 (line 1 of ConfigMap litellm-audit-2)"));
  }

  @Test
  void oneThatIsGoneBetweenOthersBreaksTheChain() {
    maps.remove(2);

    assertThat(AuditChain.check(audit.lines())).isInstanceOf(AuditChain.Check.Broken.class);
  }

  @Test
  void linesThatAreGoneAtTheEndAreMissedByTheStatus() {
    maps.removeLast();

    List<String> lines = audit.lines();

    assertThat(AuditChain.check(lines)).isInstanceOf(AuditChain.Check.Intact.class);
    assertThat(ClusterAuditFiles.missing(resource, lines))
        .singleElement()
        .asString()
        .startsWith("2026-12-25T03:01:00Z litellm-r2: The replaced keys");
  }
}
