package dev.keyrotation.key;

import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.cluster.Marks;
import dev.keyrotation.key.KeyStore.KeyRevisionMarks;
import dev.keyrotation.key.KeyStore.Revision;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * The shape of a revision's Secret, {@code <name>-r<revision>}: immutable, with the entries {@code
 * master} and {@code salt} (absent when there is none).
 *
 * <p>It carries the uid of its KeyRotation in a label and on purpose no owner reference. With one,
 * the garbage collector would delete it together with the KeyRotation, or at once when a backup
 * restores it under a KeyRotation with another uid; in mid-rotation, and for older backups of the
 * database, it may be the only copy of the key that opens the data. So a Secret of a deleted
 * KeyRotation stays until a person deletes it; its revision counts as taken, its keys are not used.
 */
final class RevisionSecret {
  static final String OWNER_UID_LABEL = "keyrotation.dev/owner-uid";
  static final String REVISION_LABEL = "keyrotation.dev/key-revision";
  static final String ROTATION_ANNOTATION = "keyrotation.dev/rotation";
  static final String REQUEST_ANNOTATION = "keyrotation.dev/request";
  static final String NOTE_ANNOTATION = "keyrotation.dev/note";
  static final String MASTER = "master";
  static final String SALT = "salt";

  private static final String TYPE = "Opaque";
  private static final String NOTE =
      "Keys of one revision, made by keyrotation. Deleting them loses every value and backup that"
          + " only they open.";

  private RevisionSecret() {}

  static String name(KeyRotation owner, long revision) {
    return owner.getMetadata().getName() + "-r" + revision;
  }

  /** Selects the Secrets of every KeyRotation that ever had this name. */
  static Map<String, String> selector(KeyRotation owner) {
    return Marks.selector(owner.getMetadata().getName());
  }

  static Secret build(KeyRotation owner, long revision, KeySet keys, KeyRevisionMarks marks) {
    Map<String, String> data = new LinkedHashMap<>();
    data.put(MASTER, SecretData.encode(keys.master()));
    KeyMaterial salt = keys.salt();
    if (salt != null) {
      data.put(SALT, SecretData.encode(salt));
    }
    Map<String, String> annotations = new LinkedHashMap<>();
    annotations.put(ROTATION_ANNOTATION, marks.rotationId());
    annotations.put(NOTE_ANNOTATION, NOTE);
    if (marks.request() != null) {
      annotations.put(REQUEST_ANNOTATION, marks.request());
    }
    return new SecretBuilder()
        .withNewMetadata()
        .withName(name(owner, revision))
        .withNamespace(owner.getMetadata().getNamespace())
        .withLabels(selector(owner))
        .addToLabels(OWNER_UID_LABEL, owner.getMetadata().getUid())
        .addToLabels(REVISION_LABEL, Long.toString(revision))
        .withAnnotations(annotations)
        .endMetadata()
        .withType(TYPE)
        .withImmutable(true)
        .withData(data)
        .build();
  }

  /** Reads a Secret that was found under {@link #name}. */
  static Revision read(KeyRotation owner, long revision, Secret secret) {
    String where = "Secret " + owner.getMetadata().getNamespace() + "/" + name(owner, revision);
    Map<String, String> labels = Marks.labels(secret);
    if (!labels.entrySet().containsAll(selector(owner).entrySet())) {
      return new Revision.Conflict(
          where + " was not made by keyrotation. Rename or delete it; its name is needed.");
    }
    if (!owner.getMetadata().getUid().equals(labels.get(OWNER_UID_LABEL))) {
      return new Revision.Conflict(
          where
              + " belongs to an earlier KeyRotation of this name. Delete it when no data and no"
              + " backup needs its keys any more.");
    }
    if (!Long.toString(revision).equals(labels.get(REVISION_LABEL))
        || !Boolean.TRUE.equals(secret.getImmutable())) {
      return new Revision.Conflict(
          where + " is not as keyrotation made it: its labels or its immutability were changed.");
    }
    return readKeys(where, secret);
  }

  private static Revision readKeys(String where, Secret secret) {
    SecretData data = SecretData.of(secret);
    try {
      String master = data.text(MASTER);
      String problem = master == null ? "is missing" : MasterKeyCheck.problem(master);
      if (master == null || problem != null) {
        return new Revision.Conflict(where + ": entry " + MASTER + " " + problem + ".");
      }
      Map<String, String> annotations = Marks.annotations(secret);
      return new Revision.Usable(
          new KeySet(KeyMaterial.of(master), data.key(SALT)),
          new KeyRevisionMarks(
              annotations.getOrDefault(ROTATION_ANNOTATION, ""),
              annotations.get(REQUEST_ANNOTATION)));
    } catch (SecretData.NotText e) {
      return new Revision.Conflict(where + " holds keys that are no text.");
    }
  }

  /**
   * The revision that a Secret found by {@link #selector} stands for, also one of a predecessor.
   */
  static OptionalLong revisionOf(Secret secret) {
    @Nullable String text = Marks.labels(secret).get(REVISION_LABEL);
    try {
      return text == null ? OptionalLong.empty() : OptionalLong.of(Long.parseLong(text));
    } catch (NumberFormatException e) {
      return OptionalLong.empty();
    }
  }
}
