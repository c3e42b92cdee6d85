package dev.keyrotation.key;

import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.failure.Recovery;
import dev.keyrotation.failure.RotationException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Keys of which the revisions are kept in one store, and which instances read from places of
 * several kinds. What the places hold counts only when all of them agree.
 */
public final class ComposedKeyStore implements KeyStore {
  private final RevisionStore revisions;
  private final List<KeyConsumer> consumers;

  public ComposedKeyStore(RevisionStore revisions, List<KeyConsumer> consumers) {
    this.revisions = revisions;
    this.consumers = List.copyOf(consumers);
  }

  @Override
  public Revision revision(KeyRotation owner, long revision) {
    return revisions.revision(owner, revision);
  }

  @Override
  public List<Long> revisions(KeyRotation owner) {
    return revisions.revisions(owner);
  }

  @Override
  public boolean createRevision(
      KeyRotation owner, long revision, KeySet keys, KeyRevisionMarks marks) {
    return revisions.createRevision(owner, revision, keys, marks);
  }

  @Override
  public void withdrawRevision(KeyRotation owner, long revision, KeySet keys) {
    revisions.withdrawRevision(owner, revision, keys);
  }

  @Override
  public void claim(KeyRotation owner, BooleanSupplier current) {
    used(owner).forEach(part -> part.claim(owner, current));
  }

  /** Refuses while any place holds these keys, or none that can be read: they may be the last. */
  @Override
  public void deleteRevision(KeyRotation owner, long revision) {
    switch (revisions.revision(owner, revision)) {
      case Revision.Missing missing -> {}
      case Revision.Conflict(String message) -> throw kept(message);
      case Revision.Usable usable -> {
        if (!(consumer(owner) instanceof Consumer.Usable inUse)) {
          throw kept(
              "The keys of revision "
                  + revision
                  + " are kept: "
                  + where(owner)
                  + " holds no usable keys, so these may be the last ones.");
        }
        if (inUse.keys().equals(usable.keys())) {
          throw kept(
              "The keys of revision " + revision + " are kept: " + where(owner) + " holds them.");
        }
        revisions.deleteRevision(owner, revision);
      }
    }
  }

  private static RotationException kept(String message) {
    return new RotationException(ConditionReason.KEY_SECRET_CONFLICT, Recovery.HALT, message);
  }

  @Override
  public boolean isUsedBy(KeyRotation owner) {
    return !used(owner).isEmpty();
  }

  @Override
  public String where(KeyRotation owner) {
    return used(owner).stream().map(part -> part.where(owner)).collect(Collectors.joining(", "));
  }

  @Override
  public Consumer consumer(KeyRotation owner) {
    List<Consumer.Usable> usable = new ArrayList<>();
    List<KeyConsumer> used = used(owner);
    for (KeyConsumer part : used) {
      Consumer found = part.consumer(owner);
      if (!(found instanceof Consumer.Usable keys)) {
        return found;
      }
      if (!usable.isEmpty() && !usable.getFirst().keys().equals(keys.keys())) {
        return new Consumer.Invalid(
            used.getFirst().where(owner)
                + " and "
                + part.where(owner)
                + " hold different keys. Give all the keys that the instances run with.");
      }
      usable.add(keys);
    }
    return usable.isEmpty()
        ? new Consumer.Invalid("The spec names no place that instances read keys from.")
        : usable.size() == 1 ? usable.getFirst() : merged(usable);
  }

  private static Consumer merged(List<Consumer.Usable> parts) {
    List<String> stale = new ArrayList<>();
    List<String> warnings = new ArrayList<>();
    @Nullable String stamp = parts.getFirst().stamp();
    @Nullable String obstacle = null;
    for (Consumer.Usable part : parts) {
      stale.addAll(part.staleMirrors());
      warnings.addAll(part.warnings());
      stamp = Objects.equals(stamp, part.stamp()) ? stamp : null;
      obstacle = obstacle == null ? part.obstacle() : obstacle;
    }
    return new Consumer.Usable(parts.getFirst().keys(), stamp, stale, obstacle, warnings);
  }

  @Override
  public void publish(KeyRotation owner, KeySet keys, String stamp) {
    for (KeyConsumer part : used(owner)) {
      if (!carries(part.consumer(owner), keys, stamp)) {
        part.publish(owner, keys, stamp);
        return;
      }
    }
  }

  private static boolean carries(Consumer consumer, KeySet keys, String stamp) {
    return consumer instanceof Consumer.Usable found
        && found.keys().equals(keys)
        && stamp.equals(found.stamp())
        && found.staleMirrors().isEmpty();
  }

  @Override
  public void forget(KeyRotation owner, String rotationId) {
    used(owner).forEach(part -> part.forget(owner, rotationId));
  }

  private List<KeyConsumer> used(KeyRotation owner) {
    return consumers.stream().filter(part -> part.isUsedBy(owner)).toList();
  }
}
