package dev.keyrotation.key;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.api.v1alpha1.KeyKind;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.KeyRotationStatus;
import dev.keyrotation.api.v1alpha1.KeyRotationStatusBuilder;
import dev.keyrotation.api.v1alpha1.SecretRef;
import dev.keyrotation.cluster.TestCluster;
import dev.keyrotation.cluster.TestRotations;
import dev.keyrotation.failure.RotationException;
import dev.keyrotation.failure.SupersededException;
import dev.keyrotation.key.KeyStore.Consumer;
import dev.keyrotation.key.KeyStore.KeyRevisionMarks;
import dev.keyrotation.key.KeyStore.Revision;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.api.model.rbac.RoleBindingBuilder;
import io.fabric8.kubernetes.api.model.rbac.RoleBuilder;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What the mock server does not know: server-side apply, ownership of fields, immutability. */
@Tag("cluster")
class SecretKeyStoreIT {
  private static final KeySet OLD = keys("sk-canary-old", "canary-old-salt");
  private static final KeySet NEW = keys("sk-canary-new", "canary-new-salt");
  private static final String STAMP = "litellm-r2/Forward";

  @AutoClose private static final TestCluster cluster = TestCluster.connect();
  private static final KubernetesClient client = cluster.client();

  private KeyRotation owner;
  private KeyStore store;

  @BeforeEach
  void start() {
    owner = rotation(List.of("SMOKE"));
    store = new ComposedKeyStore(new SecretRevisions(client), List.of(new SecretConsumer(client)));
  }

  @AfterEach
  void deleteAll() {
    client.secrets().inNamespace(cluster.namespace()).delete();
  }

  private static KeySet keys(String master, String salt) {
    return new KeySet(KeyMaterial.of(master), KeyMaterial.of(salt));
  }

  private static KeyRotation rotation(List<String> mirrors) {
    return TestRotations.in(
        cluster.namespace(),
        new SecretRef("litellm-keys", null, null, mirrors),
        List.of(KeyKind.MASTER, KeyKind.SALT));
  }

  private static Secret consumer() {
    return new SecretBuilder()
        .withNewMetadata()
        .withName("litellm-keys")
        .withNamespace(cluster.namespace())
        .addToAnnotations("team", "ai")
        .endMetadata()
        .addToData("LITELLM_MASTER_KEY", SecretData.encode(OLD.master()))
        .addToData("LITELLM_SALT_KEY", SecretData.encode(KeyMaterial.of("canary-old-salt")))
        .addToData("SMOKE", SecretData.encode(OLD.master()))
        .addToData("OTHER", Base64.getEncoder().encodeToString(new byte[] {0, (byte) 0xff, 10}))
        .build();
  }

  private static Secret live() {
    return client.secrets().inNamespace(cluster.namespace()).withName("litellm-keys").require();
  }

  private static String entry(Secret secret, String name) {
    return new String(
        Base64.getDecoder().decode(secret.getData().get(name)), StandardCharsets.UTF_8);
  }

  private static void apply(Secret secret, String manager, boolean force) {
    client
        .resource(secret)
        .patch(
            new PatchContext.Builder()
                .withPatchType(PatchType.SERVER_SIDE_APPLY)
                .withFieldManager(manager)
                .withForce(force)
                .build());
  }

  @Test
  void publishExchangesOurEntriesAndLeavesTheRest() {
    Secret before = client.resource(consumer()).create();

    store.publish(owner, NEW, STAMP);

    Secret after = live();
    assertThat(entry(after, "LITELLM_MASTER_KEY")).isEqualTo("sk-canary-new");
    assertThat(entry(after, "LITELLM_SALT_KEY")).isEqualTo("canary-new-salt");
    assertThat(entry(after, "SMOKE")).isEqualTo("sk-canary-new");
    assertThat(after.getData().get("OTHER")).isEqualTo(before.getData().get("OTHER"));
    assertThat(after.getMetadata().getAnnotations())
        .containsOnly(Map.entry("team", "ai"), Map.entry("keyrotation.dev/revision", STAMP));
    assertThat(store.consumer(owner))
        .isEqualTo(new Consumer.Usable(NEW, STAMP, List.of(), null, List.of()));
  }

  @Test
  void publishingTwiceChangesNothing() {
    client.resource(consumer()).create();
    store.publish(owner, NEW, STAMP);
    String version = live().getMetadata().getResourceVersion();

    store.publish(owner, NEW, STAMP);

    assertThat(live().getMetadata().getResourceVersion()).isEqualTo(version);
  }

  @Test
  void publishTakesEntriesFromAnotherAppliersOwnership() {
    apply(consumer(), "somebody", false);
    store.publish(owner, NEW, STAMP);

    assertThatThrownBy(() -> apply(consumer(), "somebody", false))
        .isInstanceOfSatisfying(
            KubernetesClientException.class, e -> assertThat(e.getCode()).isEqualTo(409));
    assertThat(entry(live(), "LITELLM_MASTER_KEY")).isEqualTo("sk-canary-new");
  }

  @Test
  void publishWithoutSaltRemovesTheEntryThatWeApplied() {
    client.resource(consumer()).create();
    store.publish(owner, NEW, STAMP);

    store.publish(owner, new KeySet(OLD.master(), null), "litellm-r2/RollBack");

    assertThat(live().getData()).doesNotContainKey("LITELLM_SALT_KEY").containsKey("OTHER");
    assertThat(entry(live(), "LITELLM_MASTER_KEY")).isEqualTo("sk-canary-old");
    assertThat(entry(live(), "SMOKE")).isEqualTo("sk-canary-old");
  }

  @Test
  void publishWithoutSaltRemovesTheEntryThatOthersAppliedToo() {
    apply(consumer(), "somebody", false);

    store.publish(owner, new KeySet(NEW.master(), null), STAMP);

    assertThat(live().getData()).doesNotContainKey("LITELLM_SALT_KEY").containsKey("OTHER");
    assertThat(store.consumer(owner))
        .isEqualTo(
            new Consumer.Usable(new KeySet(NEW.master(), null), STAMP, List.of(), null, List.of()));
  }

  @Test
  void saltCanComeBackAfterItWasRemoved() {
    client.resource(consumer()).create();
    store.publish(owner, new KeySet(NEW.master(), null), STAMP);

    store.publish(owner, NEW, "litellm-r3/Forward");

    assertThat(entry(live(), "LITELLM_SALT_KEY")).isEqualTo("canary-new-salt");
  }

  @Test
  void entryTakenOffTheMirrorsIsLeftAsItIs() {
    client.resource(consumer()).create();
    store.publish(owner, NEW, STAMP);

    store.publish(rotation(List.of()), keys("sk-third", "third"), "litellm-r3/Forward");

    assertThat(entry(live(), "SMOKE")).isEqualTo("sk-canary-new");
    assertThat(entry(live(), "LITELLM_MASTER_KEY")).isEqualTo("sk-third");
  }

  @Test
  void publishDoesNotCreateASecretThatIsGone() {
    assertThatThrownBy(() -> store.publish(owner, NEW, STAMP))
        .isInstanceOfSatisfying(
            RotationException.class,
            e -> assertThat(e.reason()).isEqualTo(ConditionReason.SECRET_NOT_FOUND));
    assertThat(client.secrets().inNamespace(cluster.namespace()).list().getItems()).isEmpty();
  }

  @Test
  void publishFailsWhenTheSecretWasDeletedAfterItWasRead() {
    Secret read = client.resource(consumer()).create();
    client.resource(read).delete();

    assertThatThrownBy(() -> new ConsumerPublisher(client).publish(owner, read, NEW, STAMP))
        .isInstanceOf(RotationException.class);
    assertThat(client.secrets().inNamespace(cluster.namespace()).list().getItems()).isEmpty();
  }

  @Test
  void publishFailsWhenTheSecretWasChangedAfterItWasRead() {
    Secret read = client.resource(consumer()).create();
    client
        .secrets()
        .inNamespace(cluster.namespace())
        .withName("litellm-keys")
        .patch("{\"data\":{\"OTHER\":\"YQ==\"}}");

    assertThatThrownBy(() -> new ConsumerPublisher(client).publish(owner, read, NEW, STAMP))
        .isInstanceOfSatisfying(
            RotationException.class,
            e -> assertThat(e.reason()).isEqualTo(ConditionReason.CLUSTER_UNAVAILABLE));
    assertThat(entry(live(), "LITELLM_MASTER_KEY")).isEqualTo("sk-canary-old");
  }

  // ---- two processes --------------------------------------------------------------------------

  private KeyRotation inEpoch(long number) {
    return TestRotations.inEpoch(owner, number);
  }

  @Test
  void lateProcessPublishesNothingAfterAnotherHasTakenOver() {
    client.resource(consumer()).create();
    store.claim(inEpoch(1), () -> true);
    store.publish(inEpoch(1), NEW, STAMP);
    store.claim(inEpoch(2), () -> true);
    Secret before = live();

    assertThatThrownBy(() -> store.publish(inEpoch(1), OLD, STAMP))
        .isInstanceOfSatisfying(SupersededException.class, e -> assertThat(e.found()).isEqualTo(2));
    assertThatThrownBy(() -> store.claim(inEpoch(1), () -> true))
        .isInstanceOf(SupersededException.class);

    assertThat(live()).isEqualTo(before);
    assertThat(entry(before, "LITELLM_MASTER_KEY")).isEqualTo("sk-canary-new");
  }

  @Test
  void whatWasReadBeforeTheTakeOverCannotBeWrittenAfterIt() {
    client.resource(consumer()).create();
    store.claim(inEpoch(1), () -> true);
    Secret read = live();
    store.claim(inEpoch(2), () -> true);
    Secret before = live();
    ConsumerPublisher late = new ConsumerPublisher(client);

    assertThatThrownBy(() -> late.publish(inEpoch(1), read, NEW, STAMP))
        .isInstanceOf(RotationException.class);
    assertThatThrownBy(() -> late.publish(inEpoch(1), read, new KeySet(NEW.master(), null), STAMP))
        .isInstanceOf(RotationException.class);

    assertThat(live()).isEqualTo(before);
  }

  @Test
  void markThatSomebodyRemovedIsSetAgainOnlyByTheProcessThatActs() {
    client.resource(consumer()).create();
    String version = live().getMetadata().getResourceVersion();

    assertThatThrownBy(() -> store.claim(inEpoch(1), () -> false))
        .isInstanceOf(SupersededException.class);
    assertThatThrownBy(() -> store.publish(inEpoch(1), NEW, STAMP))
        .isInstanceOf(SupersededException.class);

    assertThat(live().getMetadata().getResourceVersion()).isEqualTo(version);
  }

  @Test
  void publishIntoAnImmutableSecretIsRefusedWithoutQuotingKeys() {
    Secret secret = consumer();
    secret.setImmutable(true);
    client.resource(secret).create();

    assertThatThrownBy(() -> store.publish(owner, NEW, STAMP))
        .isInstanceOfSatisfying(
            RotationException.class,
            e -> {
              assertThat(e.reason()).isEqualTo(ConditionReason.SECRET_NOT_WRITABLE);
              assertThat(e).hasNoCause().hasMessageNotContaining("canary");
            });
  }

  @Test
  void revisionCannotBeChangedByAnybody() {
    store.createRevision(owner, 2, NEW, new KeyRevisionMarks("litellm-r2", null));

    assertThatThrownBy(
            () ->
                client
                    .secrets()
                    .inNamespace(cluster.namespace())
                    .withName("litellm-r2")
                    .patch("{\"data\":{\"master\":\"c2steA==\"}}"))
        .isInstanceOf(KubernetesClientException.class);
    assertThat(store.revision(owner, 2))
        .isEqualTo(new Revision.Usable(NEW, new KeyRevisionMarks("litellm-r2", null)));
  }

  @Test
  void deletesARevisionThatIsNotInUse() {
    client.resource(consumer()).create();
    store.createRevision(owner, 2, NEW, new KeyRevisionMarks("litellm-r2", null));

    store.deleteRevision(owner, 2);

    assertThat(store.revision(owner, 2)).isEqualTo(new Revision.Missing("Secret litellm-r2"));
  }

  /** Rights to Secrets by name, as the chart grants them, and no right to list. */
  private SecretRevisions narrow(String... names) {
    String user = "system:serviceaccount:" + cluster.namespace() + ":narrow";
    client
        .resource(
            new RoleBuilder()
                .withNewMetadata()
                .withName("narrow")
                .withNamespace(cluster.namespace())
                .endMetadata()
                .addNewRule()
                .withApiGroups("")
                .withResources("secrets")
                .withVerbs("get", "patch", "delete")
                .withResourceNames(names)
                .endRule()
                .build())
        .serverSideApply();
    client
        .resource(
            new RoleBindingBuilder()
                .withNewMetadata()
                .withName("narrow")
                .withNamespace(cluster.namespace())
                .endMetadata()
                .withNewRoleRef("rbac.authorization.k8s.io", "Role", "narrow")
                .addNewSubject("", "ServiceAccount", "narrow", cluster.namespace())
                .build())
        .serverSideApply();
    return new SecretRevisions(
        new KubernetesClientBuilder()
            .withConfig(
                new ConfigBuilder(client.getConfiguration()).withImpersonateUsername(user).build())
            .build());
  }

  @Test
  void revisionsAreFoundByNameWhenSecretsMayNotBeListed() {
    store.createRevision(owner, 2, OLD, new KeyRevisionMarks("litellm-r2", "first"));
    store.createRevision(owner, 3, NEW, new KeyRevisionMarks("litellm-r3", "second"));
    SecretRevisions narrow = narrow("litellm-r1", "litellm-r2", "litellm-r3", "litellm-r4");

    // The API server's authorizer learns of a new Role a moment later.
    await()
        .ignoreExceptions()
        .untilAsserted(() -> assertThat(narrow.revisions(owner)).containsExactly(2L, 3L));
    owner.setStatus(
        KeyRotationStatusBuilder.builder(KeyRotationStatus.empty()).lastRevision(3).build());
    assertThat(narrow.revisions(owner)).containsExactly(3L);
  }

  @Test
  void roleThatEndsBeforeTheNextRevisionIsToldBeforeItIsNeeded() {
    store.createRevision(owner, 1, OLD, new KeyRevisionMarks("litellm-r2", "first"));
    SecretRevisions narrow = narrow("litellm-r1");

    await()
        .untilAsserted(
            () ->
                assertThatThrownBy(() -> narrow.revisions(owner))
                    .isInstanceOf(RotationException.class)
                    .hasMessageContaining("litellm-r2")
                    .hasMessageContaining("secrets.revisions"));
  }
}
