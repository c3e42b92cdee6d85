package dev.keyrotation.controller;

import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.KeyRotationSpec;
import dev.keyrotation.api.v1alpha1.SecretRef;
import dev.keyrotation.observe.Rivals;
import io.javaoperatorsdk.operator.processing.event.source.IndexerResourceCache;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Other KeyRotations of the same namespace, from an index over the resources that this process
 * watches anyway: to list them for each preflight would cost the square of their number.
 */
final class WatchedRivals implements Rivals {
  private static final String BY_CLAIM = "what a KeyRotation rotates";

  private volatile @Nullable IndexerResourceCache<KeyRotation> watched;

  /** Before the watch begins. */
  void index(IndexerResourceCache<KeyRotation> cache) {
    cache.addIndexer(BY_CLAIM, resource -> claims(resource).toList());
    watched = cache;
  }

  @Override
  public List<String> of(KeyRotation primary) {
    IndexerResourceCache<KeyRotation> cache =
        Objects.requireNonNull(watched, "the watch is prepared before the first turn");
    return claims(primary)
        .flatMap(claim -> cache.byIndex(BY_CLAIM, claim).stream())
        .filter(o -> !Objects.equals(o.getMetadata().getUid(), primary.getMetadata().getUid()))
        .map(other -> other.getMetadata().getName())
        .distinct()
        .sorted()
        .toList();
  }

  /** The Secret and the workloads, which only one KeyRotation may name. */
  private static Stream<String> claims(KeyRotation resource) {
    KeyRotationSpec spec = resource.getSpec();
    SecretRef secret = spec.secretRef();
    return Stream.concat(
            secret == null ? Stream.empty() : Stream.of("Secret " + secret.name()),
            spec.workloads().stream().map(workload -> "workload " + workload))
        .map(claim -> resource.getMetadata().getNamespace() + "/" + claim);
  }
}
