package dev.keyrotation.key;

import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.cluster.ClusterCall;
import dev.keyrotation.failure.Recovery;
import dev.keyrotation.failure.RotationException;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Finds which revisions have a key Secret: by our own labels where the Role lets us list, else by
 * name, one after the other, as far as the Role names them.
 */
final class RevisionSearch {
  /** As many as the chart can grant. */
  private static final long FARTHEST = 200;

  private final KubernetesClient client;
  private final Set<String> namespacesWithoutList = ConcurrentHashMap.newKeySet();

  RevisionSearch(KubernetesClient client) {
    this.client = client;
  }

  /**
   * Ascending. When the Role grants names only and the status tells of a revision, those from that
   * one on.
   *
   * @throws RotationException also when the Secret that the next rotation would make may not be
   *     used
   */
  List<Long> revisions(KeyRotation owner) {
    String namespace = owner.getMetadata().getNamespace();
    if (!namespacesWithoutList.contains(namespace)) {
      try {
        return listed(owner);
      } catch (KubernetesClientException e) {
        if (!ClusterCall.isForbidden(e)) {
          throw ClusterCall.failure("list the key Secrets in namespace " + namespace, e);
        }
        namespacesWithoutList.add(namespace);
      }
    }
    return named(owner);
  }

  private List<Long> listed(KeyRotation owner) {
    return client
        .secrets()
        .inNamespace(owner.getMetadata().getNamespace())
        .withLabels(RevisionSecret.selector(owner))
        .list()
        .getItems()
        .stream()
        .map(RevisionSecret::revisionOf)
        .filter(OptionalLong::isPresent)
        .map(OptionalLong::getAsLong)
        .distinct()
        .sorted()
        .toList();
  }

  /**
   * Numbers are given out one after the other, so after the last that the status tells of, the
   * first gap is the end. A status that tells of none may be lost, and the first revisions retired:
   * then all names are tried.
   */
  private List<Long> named(KeyRotation owner) {
    long last = owner.getStatus() == null ? 0 : owner.getStatus().lastRevision();
    List<Long> found = new ArrayList<>();
    long next = last + 1;
    for (long revision = Math.max(1, last); revision <= last + FARTHEST; revision++) {
      switch (look(owner, revision)) {
        case THERE -> {
          found.add(revision);
          next = revision + 1;
        }
        case MISSING -> {
          if (last > 0 && revision > last) {
            return found;
          }
        }
        case FORBIDDEN -> {
          if (revision <= next) {
            throw notCovered(owner, revision);
          }
          return found;
        }
      }
    }
    return found;
  }

  private enum Look {
    THERE,
    MISSING,
    FORBIDDEN
  }

  private Look look(KeyRotation owner, long revision) {
    String namespace = owner.getMetadata().getNamespace();
    String name = RevisionSecret.name(owner, revision);
    try {
      Secret secret = client.secrets().inNamespace(namespace).withName(name).get();
      return isOurs(secret, owner, revision) ? Look.THERE : Look.MISSING;
    } catch (KubernetesClientException e) {
      if (ClusterCall.isForbidden(e)) {
        return Look.FORBIDDEN;
      }
      throw ClusterCall.failure("read Secret " + namespace + "/" + name, e);
    }
  }

  /** As the selector of a list would say. */
  private static boolean isOurs(@Nullable Secret secret, KeyRotation owner, long revision) {
    if (secret == null) {
      return false;
    }
    Map<String, String> labels = secret.getMetadata().getLabels();
    OptionalLong marked = RevisionSecret.revisionOf(secret);
    return labels != null
        && labels.entrySet().containsAll(RevisionSecret.selector(owner).entrySet())
        && marked.isPresent()
        && marked.getAsLong() == revision;
  }

  private static RotationException notCovered(KeyRotation owner, long revision) {
    return new RotationException(
        ConditionReason.CLUSTER_UNAVAILABLE,
        Recovery.HALT,
        "The operator may not read Secret "
            + owner.getMetadata().getNamespace()
            + "/"
            + RevisionSecret.name(owner, revision)
            + ", in which the next keys would be kept: its Role names the Secrets that it may use, and this one is"
            + " not among them. Raise secrets.revisions in the chart, and name the KeyRotation in secrets.rotations.");
  }
}
