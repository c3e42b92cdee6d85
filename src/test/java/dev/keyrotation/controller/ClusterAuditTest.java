package dev.keyrotation.controller;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.KeyRotationSpec;
import dev.keyrotation.api.v1alpha1.KeyRotationStatus;
import dev.keyrotation.api.v1alpha1.RotationReason;
import dev.keyrotation.api.v1alpha1.SoakProblem;
import dev.keyrotation.api.v1alpha1.SoakResult;
import dev.keyrotation.api.v1alpha1.SoakStatusBuilder;
import dev.keyrotation.audit.AuditChain;
import dev.keyrotation.audit.AuditEntries;
import dev.keyrotation.audit.AuditEntry;
import dev.keyrotation.audit.AuditEvent;
import dev.keyrotation.audit.AuditGaps;
import dev.keyrotation.audit.StatusEdges;
import dev.keyrotation.cluster.AuditMaps;
import dev.keyrotation.cluster.Marks;
import dev.keyrotation.engine.HostedWorld;
import dev.keyrotation.engine.RotationEngine;
import dev.keyrotation.engine.Turn;
import dev.keyrotation.failure.RotationException;
import dev.keyrotation.metrics.Metric;
import dev.keyrotation.metrics.RotationMetrics;
import dev.keyrotation.plan.Statuses;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.FieldsV1;
import io.fabric8.kubernetes.api.model.ManagedFieldsEntry;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.http.AsyncBody;
import io.fabric8.kubernetes.client.http.BasicBuilder;
import io.fabric8.kubernetes.client.http.HttpRequest;
import io.fabric8.kubernetes.client.http.HttpResponse;
import io.fabric8.kubernetes.client.http.Interceptor;
import io.fabric8.kubernetes.client.server.mock.EnableKubernetesMockClient;
import io.fabric8.kubernetes.client.server.mock.KubernetesMockServer;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The audit that is made from stored statuses, in ConfigMaps of a mock API server. */
@EnableKubernetesMockClient(crud = true, https = false)
class ClusterAuditTest {
  private static final Instant CREATED = Instant.parse("2020-01-01T00:00:00Z");

  static KubernetesClient client;
  static KubernetesMockServer server;

  private final HostedWorld world = new HostedWorld();
  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
  private final RotationMetrics metrics = new RotationMetrics(registry, () -> true);

  /** What the command's audit would say of the same turns. */
  private final List<AuditEntry> expected = new ArrayList<>();

  @BeforeEach
  void empty() {
    server.reset();
  }

  /** A new process: it remembers nothing. */
  private ClusterAudit process() {
    return process(new AuditStore(client));
  }

  private ClusterAudit process(AuditStore store) {
    return new ClusterAudit(
        store, new EventRecorder(client, world.clock()), metrics, world.clock());
  }

  private static KeyRotation resource(KeyRotationSpec spec, @Nullable KeyRotationStatus status) {
    KeyRotation resource = new KeyRotation();
    resource.setMetadata(
        new ObjectMetaBuilder()
            .withName("litellm")
            .withNamespace("ai")
            .withUid("uid-1")
            .withGeneration(1L)
            .withCreationTimestamp(CREATED.toString())
            .withManagedFields(
                managed("argocd-controller", "schedule"), managed("kubectl-keyrotation", "request"))
            .build());
    resource.setSpec(spec);
    resource.setStatus(status);
    return resource;
  }

  private static ManagedFieldsEntry managed(String manager, String field) {
    FieldsV1 fields = new FieldsV1();
    fields.setAdditionalProperty("f:spec", Map.of("f:rotate", Map.of("f:" + field, Map.of())));
    ManagedFieldsEntry entry = new ManagedFieldsEntry();
    entry.setManager(manager);
    entry.setFieldsV1(fields);
    return entry;
  }

  private static KeyRotationSpec asking(String request) {
    KeyRotationSpec spec = HostedWorld.spec();
    return spec.withRotate(spec.rotate().withRequest(request));
  }

  /** Takes turns until the rotation has ended; {@code each} is called before every one. */
  private KeyRotation rotate(KeyRotation begin, Consumer<KeyRotation> each) {
    RotationEngine engine = world.engine();
    KeyRotation now = begin;
    for (int turn = 0; turn < 500; turn++) {
      each.accept(now);
      if (engine.turn(now, unchanged -> true) instanceof Turn.Taken taken) {
        expected.addAll(AuditEntries.of(now, taken, null));
        boolean ended = !Statuses.of(now).history().equals(taken.status().history());
        now = resource(now.getSpec(), taken.status());
        if (ended) {
          return now;
        }
      }
      world.tick();
    }
    throw new AssertionError("no end: " + Statuses.of(now));
  }

  private static List<ConfigMap> maps() {
    return List.copyOf(
        AuditMaps.of("litellm", client.configMaps().inNamespace("ai").list().getItems()).values());
  }

  private static List<String> lines() {
    return maps().stream().flatMap(map -> AuditMaps.lines(map).stream()).toList();
  }

  private static List<AuditEntry> entries() {
    return lines().stream().map(line -> AuditChain.read(line).entry()).toList();
  }

  private static List<String> told() {
    return entries().stream().map(ClusterAuditTest::edge).toList();
  }

  private static String edge(AuditEntry entry) {
    boolean step = entry.event() == AuditEvent.STEP_BEGUN;
    return entry.event()
        + " "
        + entry.rotation()
        + (step ? " " + entry.step() + " " + entry.direction() : "");
  }

  private List<String> expectedEdges() {
    return expected.stream().map(ClusterAuditTest::edge).toList();
  }

  private static void isIntact() {
    assertThat(AuditChain.check(lines())).isInstanceOf(AuditChain.Check.Intact.class);
  }

  private double behind() {
    return registry.get(Metric.AUDIT_BEHIND.text()).gauge().value();
  }

  private void letTimePass() {
    for (int second = 0; second < 11; second++) {
      world.tick();
    }
  }

  private static void occupyTheName() {
    client
        .resource(
            new ConfigMapBuilder()
                .withNewMetadata()
                .withName("litellm-audit")
                .withNamespace("ai")
                .endMetadata()
                .addToData("someones", "own")
                .build())
        .create();
  }

  @Test
  void theClusterTellsTheSameEdgesAsTheCommandAndWhoAndWhy() {
    ClusterAudit audit = process();
    KeyRotationSpec spec = asking("incident-7");
    spec = spec.withRotate(spec.rotate().withReason(RotationReason.COMPROMISED));

    audit.catchUp(rotate(resource(spec, null), audit::catchUp));

    assertThat(told()).isEqualTo(expectedEdges()).hasSizeGreaterThan(7);
    isIntact();
    AuditEntry begun = entries().getFirst();
    assertThat(begun.actor()).isEqualTo("field manager kubectl-keyrotation");
    assertThat(begun.request()).isEqualTo("incident-7");
    assertThat(begun.rotationReason()).isEqualTo(RotationReason.COMPROMISED);
    assertThat(entries().getLast().newKeys()).isNotNull();
    assertThat(String.join("", lines()))
        .doesNotContain("canary")
        .doesNotContain(world.keysInUse().toArray(String[]::new));
    assertThat(maps().getFirst().getMetadata().getOwnerReferences()).isEmpty();
    assertThat(behind()).isZero();
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 5, 1000})
  void processesThatDieBetweenStatusAndLineTellWhatStandsInOrderAndNothingTwice(
      int everySoManyTurns) {
    int[] turn = {0};
    KeyRotation ended =
        rotate(
            resource(asking("first"), null),
            now -> {
              if (turn[0]++ % everySoManyTurns == 0) {
                process().catchUp(now);
              }
            });

    process().catchUp(ended);
    process().catchUp(ended);

    assertThat(told())
        .startsWith("BEGUN litellm-r2")
        .endsWith("ENDED litellm-r2")
        .doesNotHaveDuplicates();
    // What no process saw between its beginning and its end stands nowhere any more.
    List<String> order = new ArrayList<>(expectedEdges());
    order.retainAll(told());
    assertThat(told()).isEqualTo(order).hasSizeGreaterThan(everySoManyTurns < 10 ? 7 : 1);
    isIntact();
  }

  /** Ends the process at a request that writes a ConfigMap, before or after it took effect. */
  private static final class Death implements Interceptor {
    private final int at;
    private final boolean after;
    private int writes;
    private boolean isDead;

    Death(int at, boolean after) {
      this.at = at;
      this.after = after;
    }

    private static boolean writes(HttpRequest request) {
      return request.uri().getPath().contains("/configmaps") && !request.method().equals("GET");
    }

    @Override
    public void before(BasicBuilder builder, HttpRequest request, RequestTags tags) {
      if (writes(request) && ++writes == at && !after) {
        isDead = true;
        throw new IllegalStateException("dead");
      }
    }

    @Override
    public void after(
        HttpRequest request,
        HttpResponse<?> response,
        AsyncBody.Consumer<List<ByteBuffer>> consumer) {
      isDead |= writes(request) && writes == at && after; // nobody uses the answer
    }
  }

  @ParameterizedTest
  @CsvSource({"false", "true"})
  void whoeverIsKilledAtAnyWriteLosesNoLineAndDoublesNone(boolean after) {
    int deaths = 0;
    for (int at = 1; ; at++) {
      Death death = new Death(at, after);
      ClusterAuditTest story = new ClusterAuditTest();
      story.tellUntil(death);
      if (!death.isDead) {
        break;
      }
      deaths++;
    }
    assertThat(deaths).isGreaterThan(8);
  }

  /** A rotation whose first process dies; the next one goes on from the next turn. */
  private void tellUntil(Death death) {
    server.reset();
    try (KubernetesClient mortal =
        new KubernetesClientBuilder()
            .withConfig(
                new ConfigBuilder(client.getConfiguration())
                    .withRequestRetryBackoffLimit(0)
                    .build())
            .withHttpClientBuilderConsumer(
                builder -> builder.addOrReplaceInterceptor("death", death))
            .build()) {
      ClusterAudit first = process(new AuditStore(mortal, 2000)); // several ConfigMaps
      ClusterAudit next = process(new AuditStore(client, 2000));
      KeyRotation ended =
          rotate(
              resource(asking("first"), null),
              now -> {
                if (!death.isDead) {
                  catchUpOrDie(first, now);
                }
                if (death.isDead) {
                  next.catchUp(now);
                }
              });
      next.catchUp(ended);

      assertThat(told()).as("killed at write %d", death.at).isEqualTo(expectedEdges());
      isIntact();
    }
  }

  private static void catchUpOrDie(ClusterAudit audit, KeyRotation now) {
    try {
      audit.catchUp(now);
    } catch (IllegalStateException dead) {
      assertThat(dead).hasMessage("dead");
    }
  }

  @Test
  void aRollBackIsToldStepByStep() {
    ClusterAudit audit = process();
    world.newPodsNeverReady();

    audit.catchUp(rotate(resource(asking("first"), null), audit::catchUp));

    assertThat(told())
        .contains("ROLL_BACK_BEGUN litellm-r2")
        .anyMatch(edge -> edge.endsWith("ROLL_BACK"))
        .doesNotHaveDuplicates()
        .containsExactlyElementsOf(expectedEdges());
    assertThat(lines().getLast()).contains("RolledBack");
    isIntact();
  }

  @Test
  void aRotationThatIsTakenBackAfterItsEndIsToldWithWhoAskedAndNotASecondTime() {
    ClusterAudit audit = process();
    KeyRotation first = rotate(resource(asking("first"), null), audit::catchUp);
    KeyRotationSpec back = first.getSpec();
    back = back.withRotate(back.rotate().withRollBack("litellm-r2"));
    expected.clear();

    KeyRotation ended = rotate(resource(back, first.getStatus()), audit::catchUp);
    process().catchUp(ended);

    List<String> told = told();
    int end = told.indexOf("ENDED litellm-r2");
    assertThat(told.subList(end + 1, told.size())).isEqualTo(expectedEdges());
    assertThat(told).startsWith("BEGUN litellm-r2").contains("ROLL_BACK_BEGUN litellm-r2");
    isIntact();
  }

  @Test
  void aFailedWriteHoldsNothingUpIsShownOnceAndMadeUpFor() {
    ClusterAudit audit = process();
    occupyTheName();

    KeyRotation ended = rotate(resource(asking("first"), null), audit::catchUp);
    audit.catchUp(ended);

    assertThat(client.v1().events().inNamespace("ai").list().getItems())
        .singleElement()
        .extracting(Event::getReason)
        .isEqualTo("AuditNotWritten");
    assertThat(maps().getFirst().getData()).containsOnlyKeys("someones");
    assertThat(behind()).isOne();

    client.configMaps().inNamespace("ai").withName("litellm-audit").delete();
    letTimePass();
    audit.catchUp(ended);

    assertThat(told()).isEqualTo(expectedEdges());
    isIntact();
    assertThat(behind()).isZero();
  }

  @Test
  void aNameThatIsTakenIsFoundBeforeARotationBegins() {
    occupyTheName();

    assertThatThrownBy(() -> process().requireWritable(resource(asking("first"), null)))
        .isInstanceOfSatisfying(
            RotationException.class,
            e -> assertThat(e.reason()).isEqualTo(ConditionReason.AUDIT_NOT_WRITTEN))
        .hasMessageContaining("ai/litellm-audit");
  }

  @Test
  void onceThereIsEnoughInOneTheNextIsBegunTheFirstIsSealedAndTheChainGoesOn() {
    ClusterAudit audit = process(new AuditStore(client, 2000));

    audit.catchUp(rotate(resource(asking("first"), null), audit::catchUp));

    assertThat(maps()).hasSizeGreaterThan(2);
    assertThat(maps().subList(0, maps().size() - 1)).allMatch(AuditMaps::isFull);
    assertThat(AuditMaps.isFull(maps().getLast())).isFalse();
    assertThat(told()).isEqualTo(expectedEdges());
    isIntact();
  }

  @Test
  void aProcessThatFindsOnlyTheLastOnesGoesOnThereAndTellsNothingOldAgain() {
    ClusterAudit audit = process(new AuditStore(client, 2000));
    KeyRotation first = rotate(resource(asking("first"), null), audit::catchUp);
    audit.catchUp(first);
    client.resource(maps().getFirst()).delete();
    List<String> kept = lines();

    process(new AuditStore(client, 2000)).catchUp(first);

    assertThat(lines()).isEqualTo(kept);
    assertThat(AuditChain.check(lines()))
        .isInstanceOfSatisfying(
            AuditChain.Check.Intact.class, intact -> assertThat(intact.first()).isGreaterThan(1));
  }

  @Test
  void whoeverAppendsAtTheSameTimeIsReadAgain() {
    KeyRotation ended = rotate(resource(asking("first"), null), now -> {});
    AuditStore store = new AuditStore(client);
    ClusterAudit other = process();

    store.append(
        ended,
        chain -> {
          if (chain.isEmpty()) {
            other.catchUp(ended); // between the read and the write
          }
          return AuditGaps.missing(chain, StatusEdges.of(ended, field -> null), CREATED);
        });

    assertThat(told()).containsExactly("BEGUN litellm-r2", "ENDED litellm-r2");
    isIntact();
  }

  @Test
  void aChangedLineIsFoundByTheCheckAndDoesNotStopTheAudit() {
    ClusterAudit audit = process();
    KeyRotation first = rotate(resource(asking("first"), null), audit::catchUp);
    audit.catchUp(first);
    edit("first", "other");

    audit.catchUp(rotate(resource(asking("second"), first.getStatus()), audit::catchUp));

    assertThat(entries().getLast().event()).isEqualTo(AuditEvent.ENDED);
    assertThat(entries().getLast().request()).isEqualTo("second");
    assertThat(AuditChain.check(lines()))
        .isInstanceOfSatisfying(
            AuditChain.Check.Broken.class, broken -> assertThat(broken.line()).isOne());
  }

  private static void edit(String from, String to) {
    ConfigMap map = maps().getFirst();
    map.getData().computeIfPresent(AuditMaps.ENTRY, (entry, text) -> text.replace(from, to));
    client.resource(map).update();
  }

  @Test
  void aLineThatIsNoneIsNamed() {
    ClusterAudit audit = process();
    KeyRotation first = rotate(resource(asking("first"), null), audit::catchUp);
    audit.catchUp(first);
    edit("{\"seq\":2", "seq");

    assertThatThrownBy(() -> audit.requireWritable(first))
        .isInstanceOf(RotationException.class)
        .hasMessageContaining("Line 2 of the audit in ConfigMap ai/litellm-audit");
  }

  @Test
  void aResourceThatIsMadeAnewTellsItsOwnRotationsUnderTheSameIds() {
    KeyRotation ended = rotate(resource(asking("first"), null), now -> {});
    process().catchUp(ended);
    Instant later = world.clock().instant().plus(Duration.ofDays(1));
    KeyRotationStatus again =
        ended
            .getStatus()
            .withHistory(
                List.of(
                    ended
                        .getStatus()
                        .history()
                        .getFirst()
                        .with()
                        .startedAt(later.toString())
                        .completedAt(later.plusSeconds(60).toString())
                        .build()));
    KeyRotation anew = resource(ended.getSpec(), again);
    anew.getMetadata().setCreationTimestamp(later.toString());

    process().catchUp(anew);

    assertThat(told())
        .containsExactly(
            "BEGUN litellm-r2", "ENDED litellm-r2", "BEGUN litellm-r2", "ENDED litellm-r2");
    isIntact();
  }

  @Test
  void eachKindOfProblemOfASoakIsToldOnce() {
    KeyRotation ended = rotate(resource(asking("first"), null), now -> {});
    String seen = world.clock().instant().plusSeconds(600).toString();
    SoakProblem problem =
        new SoakProblem(
            "OldKeyStillAccepted",
            1,
            "pod-1 still accepts the master key that was replaced.",
            seen,
            seen);
    for (long count = 1; count < 4; count++) {
      process()
          .catchUp(
              resource(
                  ended.getSpec(),
                  ended
                      .getStatus()
                      .withSoak(
                          SoakStatusBuilder.builder(ended.getStatus().soak())
                              .result(SoakResult.PROBLEMS)
                              .problems(List.of(problem.withCount(count)))
                              .build())));
    }

    assertThat(told())
        .containsExactly("BEGUN litellm-r2", "ENDED litellm-r2", "SOAK_PROBLEM litellm-r2");
    isIntact();
  }

  @Test
  void whatStandsInTheWayIsToldOnceAlsoWhenItComesAndGoes() {
    RotationEngine engine = world.engine();
    KeyRotation now = resource(asking("first"), null);
    now.setSpec(now.getSpec().withRotate(now.getSpec().rotate().withPlanOnly(true)));
    for (int turn = 0; turn < 12; turn++) {
      world.databaseDown(turn % 4 < 2);
      process().catchUp(now);
      if (engine.turn(now, unchanged -> true) instanceof Turn.Taken taken) {
        now = resource(now.getSpec(), taken.status());
      }
      world.tick();
    }

    assertThat(told()).containsExactly("BLOCKED null");
  }

  @Test
  void theNameOfAnotherKeyRotationsAuditIsNotOurs() {
    ConfigMap other =
        new ConfigMapBuilder()
            .withNewMetadata()
            .withName("litellm-audit-audit")
            .endMetadata()
            .build();
    ConfigMap ours =
        new ConfigMapBuilder().withNewMetadata().withName("litellm-audit-12").endMetadata().build();

    assertThat(AuditMaps.of("litellm", List.of(other, ours))).containsOnlyKeys(12);
    assertThat(Marks.labelValue("x".repeat(253))).hasSizeLessThan(64);
  }
}
