package dev.keyrotation.key;

import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.cluster.ClusterCall;
import dev.keyrotation.failure.Recovery;
import dev.keyrotation.failure.RotationException;
import dev.keyrotation.key.KeyStore.KeyRevisionMarks;
import dev.keyrotation.key.KeyStore.Revision;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One immutable Secret per revision in the KeyRotation's namespace. Every read is live, by name, or
 * by our own labels; Secrets are never listed otherwise.
 *
 * <p>Rights: {@code get}, {@code create}, {@code delete} on Secrets, and {@code list} unless the
 * Role names them.
 */
public final class SecretRevisions implements RevisionStore {
  private final KubernetesClient client;
  private final RevisionSearch search;

  public SecretRevisions(KubernetesClient client) {
    this.client = client;
    this.search = new RevisionSearch(client);
  }

  @Override
  public Revision revision(KeyRotation owner, long revision) {
    String name = RevisionSecret.name(owner, revision);
    Secret secret = read(owner, name);
    return secret == null
        ? new Revision.Missing("Secret " + name)
        : RevisionSecret.read(owner, revision, secret);
  }

  @Override
  public List<Long> revisions(KeyRotation owner) {
    return search.revisions(owner);
  }

  @Override
  public boolean createRevision(
      KeyRotation owner, long revision, KeySet keys, KeyRevisionMarks marks) {
    Secret secret = RevisionSecret.build(owner, revision, keys, marks);
    try {
      client.resource(secret).create();
      return true;
    } catch (KubernetesClientException e) {
      if (!ClusterCall.isConflict(e)) {
        throw ClusterCall.failure(
            "create Secret " + owner.getMetadata().getNamespace() + "/" + name(secret), e);
      }
      if (revision(owner, revision) instanceof Revision.Conflict(String message)) {
        throw new RotationException(
            ConditionReason.KEY_SECRET_CONFLICT, Recovery.ROLL_BACK, message);
      }
      return false;
    }
  }

  @Override
  public void withdrawRevision(KeyRotation owner, long revision, KeySet keys) {
    Secret secret = read(owner, RevisionSecret.name(owner, revision));
    if (secret != null
        && RevisionSecret.read(owner, revision, secret) instanceof Revision.Usable usable
        && usable.keys().equals(keys)) {
      delete(secret);
    }
  }

  @Override
  public void deleteRevision(KeyRotation owner, long revision) {
    Secret secret = read(owner, RevisionSecret.name(owner, revision));
    if (secret == null) {
      return;
    }
    if (RevisionSecret.read(owner, revision, secret) instanceof Revision.Conflict(String message)) {
      throw new RotationException(ConditionReason.KEY_SECRET_CONFLICT, Recovery.HALT, message);
    }
    delete(secret);
  }

  /** Fails when the Secret is no longer the one that was read. */
  private void delete(Secret secret) {
    ClusterCall.of(
        "delete Secret " + secret.getMetadata().getNamespace() + "/" + name(secret),
        () ->
            client
                .resource(secret)
                .lockResourceVersion(secret.getMetadata().getResourceVersion())
                .delete());
  }

  private @Nullable Secret read(KeyRotation owner, String name) {
    String namespace = owner.getMetadata().getNamespace();
    return ClusterCall.<@Nullable Secret>of(
        "read Secret " + namespace + "/" + name,
        () -> client.secrets().inNamespace(namespace).withName(name).get());
  }

  private static String name(Secret secret) {
    return secret.getMetadata().getName();
  }
}
