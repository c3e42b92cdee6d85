package dev.keyrotation.key;

import static org.assertj.core.api.Assertions.assertThat;

import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.SecretCopy;
import dev.keyrotation.cluster.TestRotations;
import dev.keyrotation.key.KeyCopies.Look;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.api.model.StatusBuilder;
import io.fabric8.kubernetes.api.model.authorization.v1.SelfSubjectAccessReviewBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.server.mock.EnableKubernetesMockClient;
import io.fabric8.kubernetes.client.server.mock.KubernetesMockServer;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is read and said; writes meet versions, and so the real API server, in the IT. */
@EnableKubernetesMockClient(crud = true)
class SecretCopiesTest {
  private static final KeyMaterial MASTER = KeyMaterial.of("sk-canary-master");
  private static final SecretCopy HERE = new SecretCopy("client", null, "token");
  private static final SecretCopy THERE = new SecretCopy("client", "ui", "token");

  static KubernetesClient client;
  static KubernetesMockServer server;

  private final KeyRotation owner = TestRotations.in("ai");
  private final KeyCopies copies = new SecretCopies(client);

  @AfterEach
  void empty() {
    server.reset();
  }

  private static SecretBuilder secret(String namespace) {
    return new SecretBuilder()
        .withNewMetadata()
        .withName("client")
        .withNamespace(namespace)
        .endMetadata()
        .addToData("token", SecretData.encode(MASTER));
  }

  private static void create(Secret secret) {
    client.resource(secret).create();
  }

  @Test
  void copyInTheOwnNamespaceIsReadWithoutAGrant() {
    create(secret("ai").build());

    assertThat(copies.look(owner, HERE))
        .isInstanceOfSatisfying(
            Look.Found.class, found -> assertThat(found.value()).isEqualTo(MASTER));
  }

  @Test
  void copyInAnotherNamespaceIsReadWhenItNamesTheKeyRotation() {
    create(
        secret("ui")
            .editMetadata()
            .addToAnnotations(SecretCopies.COPY_OF, "ai/litellm")
            .endMetadata()
            .build());

    assertThat(copies.look(owner, THERE)).isInstanceOf(Look.Found.class);
  }

  @ParameterizedTest
  @ValueSource(strings = {"ai/other", "ui/litellm", "litellm", ""})
  void secretOfAnotherNamespaceThatDoesNotGrantItLooksLikeNone(String grant) {
    Look none = copies.look(owner, THERE);
    create(
        secret("ui")
            .editMetadata()
            .addToAnnotations(SecretCopies.COPY_OF, grant)
            .endMetadata()
            .build());

    Look ungranted = copies.look(owner, THERE);

    assertThat(ungranted).isEqualTo(none).isInstanceOf(Look.Unavailable.class);
    assertThat(ungranted.toString()).contains("keyrotation.dev/copy-of: ai/litellm");
  }

  @Test
  void rightThatIsMissingIsNamed() {
    server
        .expect()
        .get()
        .withPath("/api/v1/namespaces/ui/secrets/client")
        .andReturn(403, new StatusBuilder().withCode(403).withMessage("canary").build())
        .once();

    Look look = copies.look(owner, THERE);

    assertThat(look)
        .isInstanceOfSatisfying(
            Look.Unavailable.class,
            none -> {
              assertThat(none.reason()).isEqualTo(ConditionReason.SECRET_NOT_FOUND);
              assertThat(none.message())
                  .contains("Secret ui/client", "get and patch", "namespace ui")
                  .doesNotContain("canary");
            });
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void rightToWriteIsAskedWithoutWriting(boolean allowed) {
    server
        .expect()
        .post()
        .withPath("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews")
        .andReturn(
            201,
            new SelfSubjectAccessReviewBuilder()
                .withNewStatus()
                .withAllowed(allowed)
                .endStatus()
                .build())
        .once();

    assertThat(copies.denied(owner, THERE) == null).isEqualTo(allowed);
  }

  @Test
  void secretThatAnotherControllerFillsIsAnObstacle() {
    create(
        secret("ai")
            .editMetadata()
            .addToLabels(Map.of("reconcile.external-secrets.io/managed", "true"))
            .endMetadata()
            .build());

    assertThat(copies.look(owner, HERE))
        .isInstanceOfSatisfying(
            Look.Found.class,
            found -> assertThat(found.obstacle()).contains("Secret ai/client", "External Secrets"));
  }
}
