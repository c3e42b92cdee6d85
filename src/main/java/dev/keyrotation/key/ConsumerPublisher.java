package dev.keyrotation.key;

import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.SecretRef;
import dev.keyrotation.cluster.ClusterCall;
import dev.keyrotation.cluster.EpochMarks;
import dev.keyrotation.cluster.Marks;
import dev.keyrotation.failure.Recovery;
import dev.keyrotation.failure.RotationException;
import io.fabric8.kubernetes.api.model.ManagedFieldsEntry;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Writes keys into the consumer Secret.
 *
 * <p>Server-side apply with our field manager makes us the owner of our entries, so that another
 * manager's later apply meets a conflict instead of silently putting the old key back. Two of its
 * rules need care. An entry that we applied before and leave out now would be deleted, also one
 * that the user only took off {@code mirrors}: such entries are applied as they are. And an entry
 * that somebody else owns too stays when we leave it out: a salt entry that has to go is removed by
 * a plain patch first, which exchanges all values in one write, so that no pod can start between
 * two halves.
 */
final class ConsumerPublisher {
  private static final String DATA_FIELD = "f:data";
  private static final String FIELD_PREFIX = "f:";

  private final KubernetesClient client;

  ConsumerPublisher(KubernetesClient client) {
    this.client = client;
  }

  void publish(KeyRotation owner, Secret live, KeySet keys, String stamp) {
    SecretRef ref = owner.getSpec().requiredSecretRef();
    String where = ConsumerSecret.where(owner);
    EpochMarks.require(owner, live, where);
    Map<String, String> values = values(ref, keys);
    try {
      Secret current = live;
      if (keys.salt() == null && SecretData.of(live).has(ref.saltKey())) {
        current = exchangeWithoutSalt(ref, live, values, stamp);
      }
      apply(ref, current, values, stamp);
    } catch (KubernetesClientException e) {
      if (ClusterCall.isInvalid(e)) {
        throw new RotationException(
            ConditionReason.SECRET_NOT_WRITABLE,
            Recovery.ROLL_BACK,
            where
                + " cannot be changed: it is immutable, or the API server finds an entry invalid.");
      }
      throw ClusterCall.failure("write the keys into " + where, e);
    }
  }

  /** Not by apply: what our manager applies and leaves out the next time would be removed. */
  void claim(KeyRotation owner, Secret live, BooleanSupplier current) {
    String where = ConsumerSecret.where(owner);
    Map<String, Object> patch = EpochMarks.patch(owner, live, where, current);
    if (patch != null) {
      ClusterCall.of("mark " + where, () -> SecretPatch.write(client, live, patch));
    }
  }

  private static Map<String, String> values(SecretRef ref, KeySet keys) {
    Map<String, String> values = new LinkedHashMap<>();
    String master = SecretData.encode(keys.master());
    ref.mirrors().forEach(mirror -> values.put(mirror, master));
    values.put(ref.masterKey(), master);
    KeyMaterial salt = keys.salt();
    if (salt != null) {
      values.put(ref.saltKey(), SecretData.encode(salt));
    }
    return values;
  }

  private void apply(SecretRef ref, Secret live, Map<String, String> values, String stamp) {
    Map<String, String> data = new LinkedHashMap<>(appliedBefore(live));
    data.remove(ref.saltKey());
    data.putAll(values);
    Secret body = identified(live).withData(data).build();
    body.getMetadata().setAnnotations(Map.of(Marks.STAMP, stamp));
    client
        .resource(body)
        .patch(
            new PatchContext.Builder()
                .withPatchType(PatchType.SERVER_SIDE_APPLY)
                .withFieldManager(Marks.FIELD_MANAGER)
                .withForce(true)
                .build());
  }

  private Secret exchangeWithoutSalt(
      SecretRef ref, Secret live, Map<String, String> values, String stamp) {
    Map<String, @Nullable String> data = new HashMap<>(values);
    data.put(ref.saltKey(), null);
    Map<String, Object> patch =
        Map.of(
            "metadata",
            Map.of(
                "uid",
                live.getMetadata().getUid(),
                "resourceVersion",
                live.getMetadata().getResourceVersion(),
                "annotations",
                Map.of(Marks.STAMP, stamp)),
            "data",
            data);
    return SecretPatch.write(client, live, patch);
  }

  /** With uid and version of what was read: the write fails when it has changed or was replaced. */
  private static SecretBuilder identified(Secret live) {
    return new SecretBuilder()
        .withNewMetadata()
        .withName(live.getMetadata().getName())
        .withNamespace(live.getMetadata().getNamespace())
        .withUid(live.getMetadata().getUid())
        .withResourceVersion(live.getMetadata().getResourceVersion())
        .endMetadata();
  }

  /** The entries that our field manager applied earlier, as they are now. */
  private static Map<String, String> appliedBefore(Secret live) {
    Map<String, String> entries = new LinkedHashMap<>();
    for (ManagedFieldsEntry entry : live.getMetadata().getManagedFields()) {
      if (Marks.FIELD_MANAGER.equals(entry.getManager())
          && "Apply".equals(entry.getOperation())
          && entry.getFieldsV1() != null
          && entry.getFieldsV1().getAdditionalProperties().get(DATA_FIELD)
              instanceof Map<?, ?> fields) {
        for (Object field : fields.keySet()) {
          String name = field.toString();
          if (name.startsWith(FIELD_PREFIX)) {
            String key = name.substring(FIELD_PREFIX.length());
            String value = live.getData() == null ? null : live.getData().get(key);
            if (value != null) {
              entries.put(key, value);
            }
          }
        }
      }
    }
    return entries;
  }
}
