package dev.keyrotation.key;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.keyrotation.api.v1alpha1.DatabaseSpec;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.KeyRotationSpecBuilder;
import dev.keyrotation.api.v1alpha1.UrlSource;
import dev.keyrotation.cluster.TestCluster;
import dev.keyrotation.cluster.TestRotations;
import dev.keyrotation.failure.RotationException;
import dev.keyrotation.failure.SupersededException;
import dev.keyrotation.key.ConnectionMarks.Look;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Versions, and entries that are applied beside the one that is patched: a real API server. */
@Tag("cluster")
class SecretConnectionMarksIT {
  private static final String URL = "postgresql://litellm:canary-password@db:5432/litellm?schema=a";
  private static final String MARK = "keyrotation-r2-1c0ffee5";
  private static final KeySet NEW =
      new KeySet(KeyMaterial.of("sk-canary-new"), KeyMaterial.of("canary-new-salt"));

  @AutoClose private static final TestCluster cluster = TestCluster.connect();
  private static final KubernetesClient client = cluster.client();

  private KeyRotation owner;
  private ConnectionMarks marks;

  @BeforeEach
  void start() {
    owner = TestRotations.in(cluster.namespace());
    marks = new SecretConnectionMarks(client);
  }

  @AfterEach
  void deleteAll() {
    client.secrets().inNamespace(cluster.namespace()).delete();
  }

  private static void secret(String name) {
    client
        .resource(
            new SecretBuilder()
                .withNewMetadata()
                .withName(name)
                .withNamespace(cluster.namespace())
                .endMetadata()
                .addToStringData("DATABASE_URL", URL)
                .addToStringData("LITELLM_MASTER_KEY", "sk-canary-old")
                .addToStringData("LITELLM_SALT_KEY", "canary-old-salt")
                .build())
        .create();
  }

  private static Secret live(String name) {
    return client.secrets().inNamespace(cluster.namespace()).withName(name).require();
  }

  private static String url(String name) {
    return new String(
        Base64.getDecoder().decode(live(name).getData().get("DATABASE_URL")),
        StandardCharsets.UTF_8);
  }

  private KeyRotation inEpoch(long number) {
    return TestRotations.inEpoch(owner, number);
  }

  @Test
  void markIsWrittenIntoTheUrlAndNothingElseChanges() {
    secret("litellm-db");
    marks.claim(inEpoch(1), () -> true);
    Secret before = live("litellm-db");
    assertThat(marks.look(owner)).isEqualTo(new Look.Writable(null));

    marks.write(inEpoch(1), MARK);

    assertThat(marks.look(owner)).isEqualTo(new Look.Writable(MARK));
    assertThat(url("litellm-db")).isEqualTo(URL + "&application_name=" + MARK);
    Secret after = live("litellm-db");
    after.getData().put("DATABASE_URL", before.getData().get("DATABASE_URL"));
    assertThat(after.getData()).isEqualTo(before.getData());
    assertThat(after.getMetadata().getAnnotations())
        .isEqualTo(before.getMetadata().getAnnotations());
  }

  @Test
  void lateProcessMarksNothingAfterAnotherHasTakenOver() {
    secret("litellm-db");
    marks.claim(inEpoch(1), () -> true);
    marks.write(inEpoch(1), MARK);
    marks.claim(inEpoch(2), () -> true);
    Secret before = live("litellm-db");

    assertThatThrownBy(() -> marks.write(inEpoch(1), "keyrotation-r2-back-1c0ffee5"))
        .isInstanceOfSatisfying(SupersededException.class, e -> assertThat(e.found()).isEqualTo(2));
    assertThatThrownBy(() -> marks.claim(inEpoch(1), () -> true))
        .isInstanceOf(SupersededException.class);

    assertThat(live("litellm-db")).isEqualTo(before);
  }

  /**
   * The keys are applied, and what is left out of an apply is removed when it was applied before.
   */
  @Test
  void markInTheSecretOfTheKeysStaysWhenKeysArePublished() {
    secret("litellm-keys");
    owner.setSpec(
        KeyRotationSpecBuilder.builder(owner.getSpec())
            .database(DatabaseSpec.of(UrlSource.ofSecret("litellm-keys", "DATABASE_URL")))
            .build());
    KeyStore store =
        new ComposedKeyStore(new SecretRevisions(client), List.of(new SecretConsumer(client)));
    store.claim(inEpoch(1), () -> true);
    marks.claim(inEpoch(1), () -> true);
    store.publish(inEpoch(1), NEW, "litellm-r2/Forward");

    marks.write(inEpoch(1), MARK);
    store.publish(inEpoch(1), NEW, "litellm-r2/RollBack");

    assertThat(url("litellm-keys")).isEqualTo(URL + "&application_name=" + MARK);
    assertThat(live("litellm-keys").getData()).containsKey("LITELLM_SALT_KEY");
  }

  @Test
  void whatCannotBeMarkedIsSaidWithoutQuotingTheUrl() {
    assertThat(marks.look(owner).toString()).contains("litellm-db does not exist");
    secret("litellm-db");
    Secret secret = live("litellm-db");
    secret
        .getData()
        .put(
            "DATABASE_URL",
            Base64.getEncoder()
                .encodeToString((URL + "&application_name=mine").getBytes(StandardCharsets.UTF_8)));
    client.resource(secret).update();

    assertThat(marks.look(owner).toString())
        .contains("application_name of its own", "entry DATABASE_URL", "litellm-db")
        .doesNotContain("canary");
    assertThatThrownBy(() -> marks.write(owner, MARK))
        .isInstanceOf(RotationException.class)
        .hasMessageNotContaining("canary");

    secret = live("litellm-db");
    secret.setImmutable(true);
    client.resource(secret).update();
    assertThat(marks.look(owner).toString()).contains("is immutable or filled by another");
  }
}
