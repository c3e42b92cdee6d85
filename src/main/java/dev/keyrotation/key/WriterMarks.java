package dev.keyrotation.key;

import dev.keyrotation.cluster.Marks;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.Secret;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Who else writes a Secret, told by the marks they leave on it.
 *
 * <p>A controller that copies values from elsewhere writes its own value back within minutes, and
 * pods that start then have the wrong key: an obstacle. Helm and GitOps tools do so only when their
 * manifests hold the entry, and can be told to leave it alone in ways that the Secret does not
 * show: a warning.
 */
final class WriterMarks {
  private static final String CONTROLLED_BY_HELM = "Helm";

  private WriterMarks() {}

  /** Why a write would fail or not last, as a sentence; null when nothing is known. */
  static @Nullable String obstacle(String where, Secret secret) {
    if (Boolean.TRUE.equals(secret.getImmutable())) {
      return where
          + " is immutable. Replace it by one that can be changed and restart the workloads.";
    }
    String writer = copier(secret);
    return writer == null
        ? null
        : where
            + " is filled by "
            + writer
            + ", which would write its own value back. Let the workloads read their keys from a"
            + " Secret that nobody else writes, and let the store take its copy from there:"
            + " docs/gitops.md has the steps.";
  }

  private static @Nullable String copier(Secret secret) {
    List<OwnerReference> owners = secret.getMetadata().getOwnerReferences();
    if (owners != null) {
      for (OwnerReference owner : owners) {
        if (Boolean.TRUE.equals(owner.getController())) {
          return owner.getKind() + "/" + owner.getName();
        }
      }
    }
    Map<String, String> labels = Marks.labels(secret);
    Map<String, String> annotations = Marks.annotations(secret);
    if ("true".equals(labels.get("reconcile.external-secrets.io/managed"))
        || annotations.containsKey("reconcile.external-secrets.io/data-hash")) {
      return "External Secrets";
    }
    if (labels.containsKey("secrets.hashicorp.com/vso-ownerRefUID")
        || "hashicorp-vso".equals(labels.get(Marks.MANAGED_BY))) {
      return "the Vault Secrets Operator";
    }
    if ("true".equals(annotations.get("sealedsecrets.bitnami.com/managed"))
        || "true".equals(annotations.get("sealedsecrets.bitnami.com/patch"))) {
      return "Sealed Secrets";
    }
    return null;
  }

  /** What should be known about tools that may write the Secret now and then. */
  static List<String> warnings(String where, Secret secret) {
    Map<String, String> labels = Marks.labels(secret);
    Map<String, String> annotations = Marks.annotations(secret);
    List<String> warnings = new ArrayList<>();
    String release = annotations.get("meta.helm.sh/release-name");
    if (release != null || CONTROLLED_BY_HELM.equals(labels.get(Marks.MANAGED_BY))) {
      warnings.add(
          where
              + " is part of Helm release "
              + (release == null ? "(unnamed)" : release)
              + ": the next `helm upgrade` can put its own keys back, the litellm-helm chart a"
              + " random one. Let the release use an existing Secret (litellm-helm:"
              + " masterkeySecretName).");
    }
    if (annotations.containsKey("argocd.argoproj.io/tracking-id")
        || labels.containsKey("argocd.argoproj.io/instance")) {
      warnings.add(
          where
              + " is tracked by Argo CD: when its manifest holds the key entries, a sync puts them"
              + " back. Keep them out of Git, or ignore differences in /data with"
              + " RespectIgnoreDifferences=true.");
    }
    if (labels.containsKey("kustomize.toolkit.fluxcd.io/name")
        || labels.containsKey("helm.toolkit.fluxcd.io/name")) {
      warnings.add(
          where
              + " is applied by Flux: when its manifest holds the key entries, Flux puts them back."
              + " Keep them out of Git, or annotate the Secret with"
              + " kustomize.toolkit.fluxcd.io/ssa: IfNotPresent.");
    }
    return warnings;
  }
}
