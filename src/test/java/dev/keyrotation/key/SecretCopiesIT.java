package dev.keyrotation.key;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.keyrotation.api.v1alpha1.KeyKind;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.SecretCopy;
import dev.keyrotation.api.v1alpha1.SecretRef;
import dev.keyrotation.cluster.TestCluster;
import dev.keyrotation.cluster.TestRotations;
import dev.keyrotation.failure.RotationException;
import dev.keyrotation.failure.SupersededException;
import dev.keyrotation.key.KeyCopies.Look;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Versions, immutability, and a merge patch of one entry: a real API server. */
@Tag("cluster")
class SecretCopiesIT {
  private static final KeyMaterial OLD = KeyMaterial.of("sk-canary-old");
  private static final KeyMaterial NEW = KeyMaterial.of("sk-canary-new");
  private static final KeyMaterial THEIRS = KeyMaterial.of("sk-canary-theirs");
  private static final SecretCopy COPY = new SecretCopy("client", null, "token");
  private static final SecretCopy MISSING = new SecretCopy("missing", null, null);

  @AutoClose private static final TestCluster cluster = TestCluster.connect();
  private static final KubernetesClient client = cluster.client();

  private KeyRotation owner;
  private KeyCopies copies;

  @BeforeEach
  void start() {
    owner =
        TestRotations.in(
            cluster.namespace(),
            new SecretRef("litellm-keys", null, null, null, List.of(MISSING, COPY)),
            List.of(KeyKind.MASTER));
    copies = new SecretCopies(client);
    client
        .resource(
            new SecretBuilder()
                .withNewMetadata()
                .withName("client")
                .withNamespace(cluster.namespace())
                .endMetadata()
                .addToData("token", SecretData.encode(OLD))
                .addToStringData("url", "http://litellm:4000")
                .build())
        .create();
    copies.claim(inEpoch(1), () -> true);
  }

  @AfterEach
  void deleteAll() {
    client.secrets().inNamespace(cluster.namespace()).delete();
  }

  private KeyRotation inEpoch(long number) {
    return TestRotations.inEpoch(owner, number);
  }

  private static Secret live() {
    return client.secrets().inNamespace(cluster.namespace()).withName("client").require();
  }

  private static void hold(KeyMaterial value) {
    Secret secret = live();
    secret.getData().put("token", SecretData.encode(value));
    client.resource(secret).update();
  }

  @Test
  void keyIsExchangedAndNothingElseChanges() {
    Secret before = live();

    copies.exchange(inEpoch(1), COPY, OLD, NEW);

    assertThat(copies.look(owner, COPY)).isEqualTo(new Look.Found(NEW, null, List.of()));
    Secret after = live();
    after.getData().put("token", before.getData().get("token"));
    assertThat(after.getData()).isEqualTo(before.getData());
    assertThat(after.getMetadata().getAnnotations())
        .isEqualTo(before.getMetadata().getAnnotations());
  }

  @Test
  void anotherValueIsNotOverwritten() {
    hold(THEIRS);
    Secret before = live();

    copies.exchange(inEpoch(1), COPY, OLD, NEW);

    assertThat(live()).isEqualTo(before);
  }

  @Test
  void lateProcessWritesNothingAfterAnotherHasTakenOver() {
    copies.claim(inEpoch(2), () -> true);
    Secret before = live();

    assertThatThrownBy(() -> copies.exchange(inEpoch(1), COPY, OLD, NEW))
        .isInstanceOfSatisfying(SupersededException.class, e -> assertThat(e.found()).isEqualTo(2));

    assertThat(live()).isEqualTo(before);
  }

  @Test
  void immutableSecretIsRefusedWithoutQuotingIt() {
    Secret secret = live();
    secret.setImmutable(true);
    client.resource(secret).update();

    assertThat(((Look.Found) copies.look(owner, COPY)).obstacle()).contains("immutable");
    assertThatThrownBy(() -> copies.exchange(inEpoch(1), COPY, OLD, NEW))
        .isInstanceOf(RotationException.class)
        .hasMessageNotContaining("canary");
  }

  @Test
  void adminMayWriteAndAMissingCopyIsPassedOver() {
    assertThat(copies.denied(owner, COPY)).isNull();
    assertThatCode(() -> copies.exchange(inEpoch(1), MISSING, OLD, NEW)).doesNotThrowAnyException();
  }
}
