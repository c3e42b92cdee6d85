package dev.keyrotation.key;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.UrlSource;
import dev.keyrotation.cluster.TestRotations;
import dev.keyrotation.failure.Recovery;
import dev.keyrotation.failure.RotationException;
import dev.keyrotation.key.KeyStore.Consumer;
import dev.keyrotation.key.KeyStore.KeyRevisionMarks;
import dev.keyrotation.key.KeyStore.Revision;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.api.model.StatusBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.server.mock.EnableKubernetesMockClient;
import io.fabric8.kubernetes.client.server.mock.KubernetesMockServer;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@EnableKubernetesMockClient(crud = true)
class SecretKeyStoreTest {
  private static final String NAMESPACE = "ai";
  private static final KeyMaterial MASTER = KeyMaterial.of("sk-canary-master");
  private static final KeyMaterial SALT = KeyMaterial.of("canary salt \u00fc\n");
  private static final KeyRevisionMarks MARKS = new KeyRevisionMarks("litellm-r2", "2026-11");

  static KubernetesClient client;
  static KubernetesMockServer server;

  private final KeyRotation owner = TestRotations.in(NAMESPACE);
  private KeyStore store;

  @AfterEach
  void empty() {
    server.reset();
  }

  @BeforeEach
  void start() {
    store = new ComposedKeyStore(new SecretRevisions(client), List.of(new SecretConsumer(client)));
  }

  private void consumer(Map<String, String> entries) {
    create(secret("litellm-keys", entries));
  }

  private static Secret secret(String name, Map<String, String> entries) {
    Map<String, String> data = new HashMap<>();
    entries.forEach((key, value) -> data.put(key, base64(value.getBytes(StandardCharsets.UTF_8))));
    return new SecretBuilder()
        .withNewMetadata()
        .withName(name)
        .withNamespace(NAMESPACE)
        .endMetadata()
        .withData(data)
        .build();
  }

  private static String base64(byte[] bytes) {
    return Base64.getEncoder().encodeToString(bytes);
  }

  private void create(Secret secret) {
    client.resource(secret).create();
  }

  @Test
  void createdRevisionIsImmutableAndReadsBackByteForByte() {
    store.createRevision(owner, 2, new KeySet(MASTER, SALT), MARKS);

    Revision read = store.revision(owner, 2);
    assertThat(read).isEqualTo(new Revision.Usable(new KeySet(MASTER, SALT), MARKS));
    Secret secret = client.secrets().inNamespace(NAMESPACE).withName("litellm-r2").get();
    assertThat(secret.getImmutable()).isTrue();
    assertThat(secret.getType()).isEqualTo("Opaque");
  }

  @Test
  void revisionCanNeverBeCollectedAsGarbage() {
    store.createRevision(owner, 2, new KeySet(MASTER, SALT), MARKS);

    Secret secret = client.secrets().inNamespace(NAMESPACE).withName("litellm-r2").get();
    assertThat(secret.getMetadata().getOwnerReferences()).isEmpty();
    assertThat(secret.getMetadata().getLabels())
        .containsEntry("keyrotation.dev/owner-uid", owner.getMetadata().getUid())
        .containsEntry("keyrotation.dev/name", "litellm")
        .containsEntry("app.kubernetes.io/managed-by", "keyrotation");
  }

  @Test
  void absentAndEmptySaltStayTwoThings() {
    store.createRevision(owner, 1, new KeySet(MASTER, null), MARKS);
    store.createRevision(owner, 2, new KeySet(MASTER, KeyMaterial.of("")), MARKS);

    Revision without = store.revision(owner, 1);
    Revision empty = store.revision(owner, 2);

    assertThat(without).isEqualTo(new Revision.Usable(new KeySet(MASTER, null), MARKS));
    assertThat(empty).isEqualTo(new Revision.Usable(new KeySet(MASTER, KeyMaterial.of("")), MARKS));
  }

  @Test
  void revisionIsNeverOverwritten() {
    store.createRevision(owner, 2, new KeySet(MASTER, SALT), MARKS);

    store.createRevision(owner, 2, new KeySet(KeyMaterial.of("sk-other"), null), MARKS);

    assertThat(store.revision(owner, 2))
        .isEqualTo(new Revision.Usable(new KeySet(MASTER, SALT), MARKS));
  }

  @Test
  void foreignSecretUnderTheNameIsAConflict() {
    create(secret("litellm-r2", Map.of("master", "sk-planted")));

    Revision read = store.revision(owner, 2);

    assertThat(read).asInstanceOf(type(Revision.Conflict.class));
    assertThatThrownBy(() -> store.createRevision(owner, 2, new KeySet(MASTER, SALT), MARKS))
        .isInstanceOfSatisfying(
            RotationException.class,
            e -> assertThat(e.reason()).isEqualTo(ConditionReason.KEY_SECRET_CONFLICT));
  }

  @Test
  void keysOfAnEarlierKeyRotationOfThisNameAreNotUsedButTheirNumberIsTaken() {
    KeyRotation earlier = TestRotations.in(NAMESPACE);
    earlier.getMetadata().setUid("22222222-2222-2222-2222-222222222222");
    store.createRevision(earlier, 4, new KeySet(MASTER, SALT), MARKS);

    Revision read = store.revision(owner, 4);

    assertThat(read)
        .asInstanceOf(type(Revision.Conflict.class))
        .satisfies(conflict -> assertThat(conflict.message()).contains("earlier KeyRotation"));
    assertThat(store.revisions(owner)).containsExactly(4L);
  }

  @ParameterizedTest
  @ValueSource(strings = {"mutable", "relabelled", "without master"})
  void changedRevisionIsAConflict(String how) {
    Secret secret = RevisionSecret.build(owner, 2, new KeySet(MASTER, SALT), MARKS);
    switch (how) {
      case "mutable" -> secret.setImmutable(null);
      case "relabelled" -> secret.getMetadata().getLabels().put(RevisionSecret.REVISION_LABEL, "3");
      default -> secret.getData().remove(RevisionSecret.MASTER);
    }
    create(secret);

    Revision read = store.revision(owner, 2);

    assertThat(read).isInstanceOf(Revision.Conflict.class);
    assertThat(read.toString()).doesNotContain("canary");
  }

  @Test
  void revisionsAscendAndLeaveOutOtherSecrets() {
    for (long revision : List.of(10L, 2L, 9L)) {
      store.createRevision(owner, revision, new KeySet(MASTER, SALT), MARKS);
    }
    KeyRotation other = TestRotations.in(NAMESPACE);
    other.getMetadata().setName("other");
    store.createRevision(other, 11, new KeySet(MASTER, SALT), MARKS);
    consumer(Map.of("LITELLM_MASTER_KEY", "sk-x"));

    List<Long> revisions = store.revisions(owner);

    assertThat(revisions).containsExactly(2L, 9L, 10L);
  }

  @Test
  void longNamesFitIntoLabels() {
    owner.getMetadata().setName("n".repeat(200));

    store.createRevision(owner, 2, new KeySet(MASTER, SALT), MARKS);

    assertThat(store.revisions(owner)).containsExactly(2L);
    assertThat(RevisionSecret.selector(owner).values()).allMatch(value -> value.length() <= 63);
  }

  @Test
  void deletesRevisionThatIsNotInUse() {
    store.createRevision(owner, 2, new KeySet(MASTER, SALT), MARKS);
    consumer(Map.of("LITELLM_MASTER_KEY", "sk-new", "LITELLM_SALT_KEY", "new"));

    store.deleteRevision(owner, 2);

    assertThat(store.revision(owner, 2)).isEqualTo(new Revision.Missing("Secret litellm-r2"));
  }

  @Test
  void keepsRevisionThatTheConsumerHolds() {
    store.createRevision(owner, 2, new KeySet(MASTER, SALT), MARKS);
    consumer(Map.of("LITELLM_MASTER_KEY", MASTER.reveal(), "LITELLM_SALT_KEY", SALT.reveal()));

    assertThatThrownBy(() -> store.deleteRevision(owner, 2))
        .isInstanceOf(RotationException.class)
        .hasMessageContaining("Secret ai/litellm-keys holds them")
        .hasMessageNotContaining("canary");
    assertThat(store.revision(owner, 2)).isInstanceOf(Revision.Usable.class);
  }

  @Test
  void keepsRevisionWhileTheConsumerHoldsNoUsableKeys() {
    store.createRevision(owner, 2, new KeySet(MASTER, SALT), MARKS);

    assertThatThrownBy(() -> store.deleteRevision(owner, 2))
        .isInstanceOf(RotationException.class)
        .hasMessageContaining("may be the last ones");
    assertThat(store.revision(owner, 2)).isInstanceOf(Revision.Usable.class);
  }

  @Test
  void keepsSecretThatIsNotOurs() {
    create(secret("litellm-r2", Map.of("master", "sk-planted")));
    consumer(Map.of("LITELLM_MASTER_KEY", "sk-new"));

    assertThatThrownBy(() -> store.deleteRevision(owner, 2)).isInstanceOf(RotationException.class);
    assertThat(client.secrets().inNamespace(NAMESPACE).withName("litellm-r2").get()).isNotNull();
  }

  @Test
  void deletingARevisionThatIsGoneDoesNothing() {
    store.deleteRevision(owner, 2);

    assertThat(store.revisions(owner)).isEmpty();
  }

  @Test
  void consumerIsReadByteForByteWithItsStamp() {
    Secret secret =
        secret(
            "litellm-keys",
            Map.of("LITELLM_MASTER_KEY", MASTER.reveal(), "LITELLM_SALT_KEY", SALT.reveal()));
    secret.getMetadata().setAnnotations(Map.of("keyrotation.dev/revision", "litellm-r2/Forward"));
    create(secret);

    Consumer read = store.consumer(owner);

    assertThat(read)
        .isEqualTo(
            new Consumer.Usable(
                new KeySet(MASTER, SALT), "litellm-r2/Forward", List.of(), null, List.of()));
  }

  @Test
  void missingConsumerIsNamed() {
    assertThat(store.consumer(owner)).isEqualTo(new Consumer.Missing("Secret ai/litellm-keys"));
  }

  @ParameterizedTest
  @CsvSource({
    "403, the API server forbids it",
    "401, does not know the operator's service account",
    "410, the API server answers HTTP 410 Gone"
  })
  void refusedReadIsAFailureThatQuotesNothing(int code, String says) {
    server
        .expect()
        .get()
        .withPath("/api/v1/namespaces/ai/secrets/litellm-keys")
        .andReturn(
            code,
            new StatusBuilder()
                .withCode(code)
                .withReason(code == 410 ? "Gone" : "Forbidden")
                .withMessage("sk-canary")
                .build())
        .always();

    assertThatThrownBy(() -> store.consumer(owner))
        .isInstanceOfSatisfying(
            RotationException.class,
            e -> {
              assertThat(e.reason()).isEqualTo(ConditionReason.CLUSTER_UNAVAILABLE);
              assertThat(e.recovery()).isEqualTo(Recovery.RETRY);
              assertThat(e.sentence())
                  .startsWith("Cannot read Secret ai/litellm-keys: ")
                  .contains(says)
                  .doesNotContain("canary");
              assertThat(e).hasNoCause();
            });
  }

  @Test
  void databaseUrlIsReadWithoutItsLineBreak() {
    create(secret("litellm-db", Map.of("DATABASE_URL", "postgresql://u:p@db/litellm\n")));

    String url = databaseUrl("DATABASE_URL");

    assertThat(url).isEqualTo("postgresql://u:p@db/litellm");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          -            | DATABASE_URL | does not exist
          DATABASE_URL | url          | no entry url; it has: DATABASE_URL
          empty        | empty        | is empty
          """)
  void databaseUrlThatIsNotThereIsAClearError(String entry, String asked, String says) {
    if (!entry.equals("-")) {
      create(secret("litellm-db", Map.of(entry, entry.equals("empty") ? "" : "canary")));
    }

    assertThatThrownBy(() -> databaseUrl(asked))
        .isInstanceOfSatisfying(
            RotationException.class,
            e -> {
              assertThat(e.reason()).isEqualTo(ConditionReason.DATABASE_URL_INVALID);
              assertThat(e.sentence()).contains(says).doesNotContain("canary");
            });
  }

  private @Nullable String databaseUrl(String entry) {
    return new SecretValues(client).databaseUrl(owner, UrlSource.ofSecret("litellm-db", entry));
  }
}
