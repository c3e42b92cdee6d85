package dev.keyrotation.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.SystemdUnitTarget;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.fabric8.kubernetes.client.utils.Serialization;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the API server itself refuses: schema and CEL rules of the committed definition. */
@Tag("cluster")
class AdmissionIT {
  @AutoClose private static final TestCluster cluster = TestCluster.connect();
  private static final KubernetesClient client = cluster.client();

  @AfterEach
  void deleteAll() {
    client.resources(KeyRotation.class).inNamespace(cluster.namespace()).delete();
  }

  private static final String VALID =
      """
      apiVersion: keyrotation.dev/v1alpha1
      kind: KeyRotation
      metadata: {name: litellm}
      spec:
        keys: [Master, Salt]
        secretRef: {name: litellm-keys}
        database: {urlFrom: {secretKeyRef: {name: litellm-db, key: DATABASE_URL}}}
        workloads: [{deployment: {name: litellm}}]
        rotate: {request: first, schedule: "0 3 1 */3 *", timeZone: Europe/Berlin}
        gracePeriod: 10m
      """;

  private GenericKubernetesResource create(String yaml) {
    return client
        .resource(Serialization.unmarshal(yaml, GenericKubernetesResource.class))
        .inNamespace(cluster.namespace())
        .create();
  }

  @Test
  void validResourceIsAdmittedWithItsDefaults() {
    create(VALID);

    KeyRotation stored =
        client
            .resources(KeyRotation.class)
            .inNamespace(cluster.namespace())
            .withName("litellm")
            .get();
    assertThat(stored.getSpec().stepDeadline()).isEqualTo("15m");
    assertThat(stored.getSpec().secretRef().masterKey()).isEqualTo("LITELLM_MASTER_KEY");
    assertThat(stored.getSpec().database().schema()).isEqualTo("public");
    assertThat(stored.getStatus().observedGeneration()).isEqualTo(-1);
  }

  @ParameterizedTest(name = "{0} -> {1}: {2}")
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          workloads: [{deployment: {name: litellm}}]|workloads: []|spec.workloads
          workloads: [{deployment: {name: litellm}}]|workloads: [{}]|exactly one of deployment and systemdUnit
          workloads: [{deployment: {name: litellm}}]|workloads: [{deployment: {name: a}, systemdUnit: {unit: a.service, environmentFile: /a}}]|exactly one of deployment and systemdUnit
          secretRef: {name: litellm-keys}|suspend: false|a Deployment reads its keys from a Secret
          urlFrom: {secretKeyRef: {name: litellm-db, key: DATABASE_URL}}|urlFrom: {}|exactly one of secretKeyRef
          keys: [Master, Salt]|keys: []|spec.keys
          keys: [Master, Salt]|keys: [Master, Master]|a key is listed twice
          keys: [Master, Salt]|keys: [Pepper]|Unsupported value
          database: {urlFrom: {secretKeyRef: {name: litellm-db, key: DATABASE_URL}}}|suspend: false|set spec.database
          schedule: "0 3 1 */3 *"|schedule: "every month"|spec.rotate.schedule
          schedule: "0 3 1 */3 *"|schedule: "0 3 1 * * *"|spec.rotate.schedule
          timeZone: Europe/Berlin|timeZone: "+02:00"|spec.rotate.timeZone
          gracePeriod: 10m|gracePeriod: 10 minutes|spec.gracePeriod
          gracePeriod: 10m|stepDeadline: "15"|spec.stepDeadline
          gracePeriod: 10m|retention: {previousKeys: forever}|spec.retention.previousKeys
          """)
  void wrongResourceIsRefusedWithItsField(String valid, String wrong, String says) {
    String yaml = VALID.replace(valid, wrong);

    assertThat(yaml).isNotEqualTo(VALID);
    assertThatThrownBy(() -> create(yaml))
        .isInstanceOf(KubernetesClientException.class)
        .hasMessageContaining(says);
  }

  private static final String UNITS =
      """
      apiVersion: keyrotation.dev/v1alpha1
      kind: KeyRotation
      metadata: {name: litellm}
      spec:
        keys: [Master]
        workloads:
          - systemdUnit:
              unit: litellm.service
              environmentFile: /home/ops/.007
              mirrors: [LITELLM_SMOKE_TEST_KEY]
              url: http://10.0.0.5:4000
              host: {address: 10.0.0.5, user: ops, hostKeys: [ssh-ed25519 AAAA], agent: true}
      """;

  @Test
  void unitsNeedNoSecretAndAreAdmittedWithTheirDefaults() {
    create(UNITS);

    SystemdUnitTarget unit =
        client
            .resources(KeyRotation.class)
            .inNamespace(cluster.namespace())
            .withName("litellm")
            .get()
            .getSpec()
            .units()
            .getFirst();
    assertThat(unit.masterKey()).isEqualTo("LITELLM_MASTER_KEY");
    assertThat(unit.host().port()).isEqualTo(22);
  }

  @ParameterizedTest(name = "{0} -> {1}: {2}")
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          agent: true|sudo: true|exactly one of privateKeyFrom
          agent: true|agent: true, privateKeyFile: /k|exactly one of privateKeyFrom
          hostKeys: [ssh-ed25519 AAAA]|hostKeys: []|hostKeys
          environmentFile: /home/ops/.007|environmentFile: .007|environmentFile
          environmentFile: /home/ops/.007|masterKey: A|exactly one of environmentFile and credentialFiles
          environmentFile: /home/ops/.007|credentialFiles: {masterKey: /m, saltKey: /s}|mirrors are variables
          environmentFile: /home/ops/.007|credentialFiles: {masterKey: /m, saltKey: /m}|name the same file
          unit: litellm.service|unit: litellm.timer|unit
          url: http://10.0.0.5:4000|url: http://10.0.0.5:4000/x|url
          url: http://10.0.0.5:4000|masterKey: LITELLM_SALT_KEY|name the same variable
          """)
  void wrongUnitIsRefusedWithItsField(String valid, String wrong, String says) {
    String yaml = UNITS.replace(valid, wrong);

    assertThat(yaml).isNotEqualTo(UNITS);
    assertThatThrownBy(() -> create(yaml))
        .isInstanceOf(KubernetesClientException.class)
        .hasMessageContaining(says);
  }

  @Test
  void targetCannotChangeWhileARotationIsUnderWay() {
    GenericKubernetesResource resource = create(VALID);
    resource.setAdditionalProperty(
        "status",
        Serialization.unmarshal(
            "{\"rotation\": {\"id\": \"litellm-r2\", \"step\": \"PublishKeys\"}}",
            java.util.Map.class));
    client.resource(resource).updateStatus();

    assertThatThrownBy(
            () ->
                client
                    .resources(KeyRotation.class)
                    .inNamespace(cluster.namespace())
                    .withName("litellm")
                    .patch(
                        PatchContext.of(PatchType.JSON_MERGE),
                        "{\"spec\":{\"secretRef\":{\"name\":\"another\"}}}"))
        .isInstanceOf(KubernetesClientException.class)
        .hasMessageContaining("a rotation is under way");
  }

  @Test
  void restOfTheSpecMayChangeWhileARotationIsUnderWay() {
    GenericKubernetesResource resource = create(VALID);
    resource.setAdditionalProperty(
        "status",
        Serialization.unmarshal(
            "{\"rotation\": {\"id\": \"litellm-r2\", \"step\": \"PublishKeys\"}}",
            java.util.Map.class));
    client.resource(resource).updateStatus();

    client
        .resources(KeyRotation.class)
        .inNamespace(cluster.namespace())
        .withName("litellm")
        .patch(PatchContext.of(PatchType.JSON_MERGE), "{\"spec\":{\"stepDeadline\":\"30m\"}}");

    KeyRotation stored =
        client
            .resources(KeyRotation.class)
            .inNamespace(cluster.namespace())
            .withName("litellm")
            .get();
    assertThat(stored.getSpec().stepDeadline()).isEqualTo("30m");
  }
}
