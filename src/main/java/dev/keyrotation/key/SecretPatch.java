package dev.keyrotation.key;

import dev.keyrotation.cluster.Marks;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.util.Map;

/** A JSON merge patch of a Secret: what it does not name stays as it is. */
final class SecretPatch {
  private SecretPatch() {}

  /**
   * The change of one entry.
   *
   * @param live what was read: the patch fails with a conflict when it has changed since, or was
   *     replaced
   * @param encoded the new value in base64
   */
  static Map<String, Object> ofEntry(Secret live, String entry, String encoded) {
    return Map.of(
        "metadata",
        Map.of(
            "uid",
            live.getMetadata().getUid(),
            "resourceVersion",
            live.getMetadata().getResourceVersion()),
        "data",
        Map.of(entry, encoded));
  }

  /**
   * Writes {@code patch} and gives what the API server made of it.
   *
   * @throws KubernetesClientException when the API server refuses or does not answer
   */
  static Secret write(KubernetesClient client, Secret live, Map<String, Object> patch) {
    return client
        .resource(
            new SecretBuilder()
                .withNewMetadata()
                .withName(live.getMetadata().getName())
                .withNamespace(live.getMetadata().getNamespace())
                .endMetadata()
                .build())
        .patch(
            new PatchContext.Builder()
                .withPatchType(PatchType.JSON_MERGE)
                .withFieldManager(Marks.FIELD_MANAGER)
                .build(),
            client.getKubernetesSerialization().asJson(patch));
  }
}
