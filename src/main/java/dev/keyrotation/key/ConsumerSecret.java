package dev.keyrotation.key;

import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.SecretRef;
import dev.keyrotation.cluster.Marks;
import dev.keyrotation.key.KeyStore.Consumer;
import io.fabric8.kubernetes.api.model.Secret;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads the Secret that the running instances read. Pure: it is given the Secret. */
final class ConsumerSecret {
  private ConsumerSecret() {}

  /** What people call it in messages. */
  static String where(KeyRotation owner) {
    return "Secret "
        + owner.getMetadata().getNamespace()
        + "/"
        + owner.getSpec().requiredSecretRef().name();
  }

  static Consumer read(KeyRotation owner, Secret secret) {
    SecretRef ref = owner.getSpec().requiredSecretRef();
    String where = where(owner);
    SecretData data = SecretData.of(secret);
    String misnamed = misnamed(ref);
    if (misnamed != null) {
      return new Consumer.Invalid(misnamed);
    }
    if (!data.has(ref.masterKey())) {
      return new Consumer.Invalid(
          where
              + " has no entry "
              + ref.masterKey()
              + "; it has: "
              + data.names()
              + ". Set spec.secretRef.masterKey to the entry with the master key.");
    }
    try {
      String master = data.text(ref.masterKey());
      String problem = master == null ? "is missing" : MasterKeyCheck.problem(master);
      if (master == null || problem != null) {
        return new Consumer.Invalid(where + ": entry " + ref.masterKey() + " " + problem + ".");
      }
      KeySet keys = new KeySet(KeyMaterial.of(master), data.key(ref.saltKey()));
      return new Consumer.Usable(
          keys,
          Marks.stamp(secret),
          staleMirrors(ref, data, keys.master()).stream()
              .map(mirror -> "entry " + mirror + " of " + where)
              .toList(),
          WriterMarks.obstacle(where, secret),
          warnings(ref, where, secret, keys));
    } catch (SecretData.NotText e) {
      return new Consumer.Invalid(
          where
              + ": entry "
              + ref.masterKey()
              + " or "
              + ref.saltKey()
              + " is no UTF-8 text, so it cannot be an environment variable.");
    }
  }

  /** Entry names of the spec that would make one key overwrite another. */
  private static @Nullable String misnamed(SecretRef ref) {
    if (ref.masterKey().equals(ref.saltKey())) {
      return "spec.secretRef.masterKey and saltKey name the same entry "
          + ref.saltKey()
          + ". Give each its own.";
    }
    return ref.mirrors().contains(ref.saltKey())
        ? "spec.secretRef.mirrors holds the salt entry "
            + ref.saltKey()
            + ", which would be overwritten with the master key. Remove it there."
        : null;
  }

  private static List<String> staleMirrors(SecretRef ref, SecretData data, KeyMaterial master) {
    List<String> stale = new ArrayList<>();
    for (String mirror : ref.mirrors()) {
      try {
        KeyMaterial copy = data.key(mirror);
        if (copy == null || !copy.equals(master)) {
          stale.add(mirror);
        }
      } catch (SecretData.NotText e) {
        stale.add(mirror);
      }
    }
    return stale;
  }

  private static List<String> warnings(SecretRef ref, String where, Secret secret, KeySet keys) {
    List<String> warnings = new ArrayList<>();
    if (!keys.master().reveal().startsWith("sk-")) {
      warnings.add(
          where
              + ": the present master key does not begin with `sk-`. Restarted instances refuse it at once, since"
              + " LiteLLM looks up only such keys: clients have to switch with the rotation.");
    }
    KeyMaterial salt = keys.salt();
    if (salt != null && salt.reveal().isEmpty()) {
      warnings.add(
          where
              + ": entry "
              + ref.saltKey()
              + " is empty. LiteLLM takes that as the salt key, and anybody can open what it encrypts. Rotate Salt.");
    }
    warnings.addAll(WriterMarks.warnings(where, secret));
    return warnings;
  }
}
