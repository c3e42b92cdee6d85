package dev.keyrotation.key;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import dev.keyrotation.api.v1alpha1.KeyKind;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.SecretRef;
import dev.keyrotation.cluster.TestRotations;
import dev.keyrotation.key.KeyStore.Consumer;
import io.fabric8.kubernetes.api.model.OwnerReferenceBuilder;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the values and marks of the consumer Secret amount to. */
class ConsumerSecretTest {
  private static final String NAMESPACE = "ai";

  private final KeyRotation owner = TestRotations.in(NAMESPACE);
  private Secret consumer = secret("litellm-keys", Map.of());

  private void consumer(Map<String, String> entries) {
    consumer = secret("litellm-keys", entries);
  }

  private Consumer read(KeyRotation rotation) {
    return ConsumerSecret.read(rotation, consumer);
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

  @Test
  void consumerWithoutSaltEntryHasNoSalt() {
    consumer(Map.of("LITELLM_MASTER_KEY", "sk-a"));

    Consumer.Usable read = (Consumer.Usable) read(owner);

    assertThat(read.keys().salt()).isNull();
    assertThat(read.keys().encryptionKind()).isEqualTo(KeyKind.MASTER);
  }

  @Test
  void emptySaltEntryIsASaltWithAWarning() {
    consumer(Map.of("LITELLM_MASTER_KEY", "sk-a", "LITELLM_SALT_KEY", ""));

    Consumer.Usable read = (Consumer.Usable) read(owner);

    assertThat(read.keys().salt()).isEqualTo(KeyMaterial.of(""));
    assertThat(read.warnings()).singleElement().asString().contains("is empty");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          ''                  | is empty
          'sk-canary\\n'      | line break
          ' sk-canary'        | line break
          'sk-canary\\303'    | printable ASCII
          'sk-\\1canary'      | printable ASCII
          """)
  void valueThatCannotBeAMasterKeyIsInvalidAndNotQuoted(String value, String says) {
    consumer(Map.of("LITELLM_MASTER_KEY", value.translateEscapes()));

    Consumer read = read(owner);

    assertThat(read)
        .asInstanceOf(type(Consumer.Invalid.class))
        .satisfies(
            invalid ->
                assertThat(invalid.message())
                    .contains("ai/litellm-keys", "LITELLM_MASTER_KEY", says)
                    .doesNotContain("canary"));
  }

  @Test
  void missingEntryIsInvalidAndTheOthersAreNamed() {
    consumer(Map.of("masterkey", "sk-canary"));

    Consumer read = read(owner);

    assertThat(read)
        .asInstanceOf(type(Consumer.Invalid.class))
        .satisfies(
            invalid ->
                assertThat(invalid.message())
                    .contains("no entry LITELLM_MASTER_KEY; it has: masterkey")
                    .doesNotContain("canary"));
  }

  @Test
  void saltThatIsNoTextIsInvalid() {
    Secret secret = secret("litellm-keys", Map.of("LITELLM_MASTER_KEY", "sk-a"));
    secret.getData().put("LITELLM_SALT_KEY", base64(new byte[] {(byte) 0xff, 1}));
    consumer = secret;

    assertThat(read(owner)).isInstanceOf(Consumer.Invalid.class);
  }

  @ParameterizedTest
  @CsvSource({"LITELLM_MASTER_KEY, LITELLM_MASTER_KEY, x", "a, b, b"})
  void entryNamesThatCollideAreInvalid(String master, String salt, String mirror) {
    consumer(Map.of("LITELLM_MASTER_KEY", "sk-a", "a", "sk-a"));
    KeyRotation colliding =
        TestRotations.in(
            NAMESPACE,
            new SecretRef("litellm-keys", master, salt, List.of(mirror)),
            List.of(KeyKind.MASTER));

    assertThat(read(colliding)).isInstanceOf(Consumer.Invalid.class);
  }

  @Test
  void keyWithoutPrefixIsUsableWithAWarning() {
    consumer(Map.of("LITELLM_MASTER_KEY", "canary"));

    Consumer.Usable read = (Consumer.Usable) read(owner);

    assertThat(read.warnings())
        .singleElement()
        .asString()
        .contains("`sk-`")
        .doesNotContain("canary");
  }

  @Test
  void mirrorsThatDifferOrAreMissingAreStale() {
    consumer(Map.of("LITELLM_MASTER_KEY", "sk-a", "same", "sk-a", "other", "sk-b"));
    KeyRotation mirrored =
        TestRotations.in(
            NAMESPACE,
            new SecretRef("litellm-keys", null, null, List.of("same", "other", "missing")),
            List.of(KeyKind.MASTER));

    Consumer.Usable read = (Consumer.Usable) read(mirrored);

    assertThat(read.staleMirrors())
        .containsExactly(
            "entry other of Secret ai/litellm-keys", "entry missing of Secret ai/litellm-keys");
  }

  @ParameterizedTest
  @ValueSource(strings = {"immutable", "controller", "eso", "vault", "sealed"})
  void secretThatWouldNotKeepOurWriteHasAnObstacle(String kind) {
    Secret secret = secret("litellm-keys", Map.of("LITELLM_MASTER_KEY", "sk-a"));
    switch (kind) {
      case "immutable" -> secret.setImmutable(true);
      case "controller" ->
          secret
              .getMetadata()
              .setOwnerReferences(
                  List.of(
                      new OwnerReferenceBuilder()
                          .withKind("ExternalSecret")
                          .withName("litellm")
                          .withController(true)
                          .build()));
      case "eso" ->
          secret.getMetadata().setLabels(Map.of("reconcile.external-secrets.io/managed", "true"));
      case "vault" ->
          secret.getMetadata().setLabels(Map.of("app.kubernetes.io/managed-by", "hashicorp-vso"));
      default ->
          secret.getMetadata().setAnnotations(Map.of("sealedsecrets.bitnami.com/managed", "true"));
    }
    consumer = secret;

    String obstacle = ((Consumer.Usable) read(owner)).obstacle();

    assertThat(obstacle).contains("ai/litellm-keys");
  }

  @ParameterizedTest
  @CsvSource({
    "annotation, meta.helm.sh/release-name, litellm, helm upgrade",
    "annotation, argocd.argoproj.io/tracking-id, x, Argo CD",
    "label, kustomize.toolkit.fluxcd.io/name, x, Flux"
  })
  void toolThatMayPutTheOldKeyBackIsAWarning(String kind, String name, String value, String says) {
    Secret secret = secret("litellm-keys", Map.of("LITELLM_MASTER_KEY", "sk-a"));
    if (kind.equals("label")) {
      secret.getMetadata().setLabels(Map.of(name, value));
    } else {
      secret.getMetadata().setAnnotations(Map.of(name, value));
    }
    consumer = secret;

    Consumer.Usable read = (Consumer.Usable) read(owner);

    assertThat(read.obstacle()).isNull();
    assertThat(read.warnings()).singleElement().asString().contains(says);
  }
}
