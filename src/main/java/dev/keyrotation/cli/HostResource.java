package dev.keyrotation.cli;

import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.KeyRotationSpec;
import dev.keyrotation.api.v1alpha1.RotateSpec;
import dev.keyrotation.plan.FailurePolicy;
import dev.keyrotation.plan.Statuses;
import dev.keyrotation.plan.Triggers;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import java.time.Instant;
import java.util.Objects;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Makes the resource of a host out of its file and the state, as the API server does it for a
 * cluster: an identity that stays, and a generation that counts changes of the spec.
 */
final class HostResource {
  private HostResource() {}

  /** What the command asks for beyond the file. */
  sealed interface Wish {
    /** A rotation; {@code request} names it, null lets the command name it. */
    record Rotate(@Nullable String request) implements Wish {}

    /** Only what the file asks for: its own request, or its schedule when it is due. */
    record WhatIsDue() implements Wish {}

    /** A rotation is taken back. */
    record RollBack(String rotationId) implements Wish {}
  }

  /**
   * The resource to work on.
   *
   * @param file as it was read
   * @param stored as it was last used here; null when it was not
   * @param uids makes an identity for a resource that is new here
   */
  static KeyRotation merge(
      KeyRotation file,
      @Nullable KeyRotation stored,
      Wish wish,
      Instant now,
      Supplier<String> uids) {
    if (stored == null) {
      KeyRotation fresh =
          Resources.with(
              new ObjectMetaBuilder()
                  .withName(file.getMetadata().getName())
                  .withNamespace(file.getMetadata().getNamespace())
                  .withUid(uids.get())
                  .withGeneration(1L)
                  .withCreationTimestamp(FailurePolicy.text(now))
                  .build(),
              file.getSpec(),
              null);
      return Resources.withSpec(fresh, wanted(fresh, file.getSpec(), wish, now));
    }
    KeyRotation candidate = Resources.withSpec(stored, file.getSpec());
    KeyRotationSpec spec = wanted(candidate, storedRotate(file.getSpec(), stored), wish, now);
    if (spec.equals(stored.getSpec())) {
      return stored;
    }
    return Resources.with(
        new ObjectMetaBuilder(stored.getMetadata())
            .withGeneration(stored.getMetadata().getGeneration() + 1)
            .build(),
        spec,
        stored.getStatus());
  }

  /** A request that was written down and has not been handled survives the process. */
  private static KeyRotationSpec storedRotate(KeyRotationSpec file, KeyRotation stored) {
    String request = stored.getSpec().rotate().request();
    boolean open = request != null && !request.equals(Statuses.of(stored).handledRequest());
    boolean underWay = Statuses.of(stored).rotation() != null;
    return open || underWay ? file.withRotate(file.rotate().withRequest(request)) : file;
  }

  private static KeyRotationSpec wanted(
      KeyRotation resource, KeyRotationSpec spec, Wish wish, Instant now) {
    RotateSpec rotate = spec.rotate();
    boolean underWay = Statuses.of(resource).rotation() != null;
    return switch (wish) {
      case Wish.WhatIsDue() -> spec;
      case Wish.RollBack(String id) -> spec.withRotate(rotate.with().rollBack(id).build());
      case Wish.Rotate(String request) -> {
        if (underWay) {
          yield spec; // it goes on; a second one does not queue behind it
        }
        KeyRotation asked = Resources.withSpec(resource, spec);
        String own = rotate.request();
        boolean open = own != null && !own.equals(Statuses.of(resource).handledRequest());
        boolean pending = open || Triggers.pending(asked, now).isPresent();
        String text = request != null ? request : pending ? own : "run-" + FailurePolicy.text(now);
        yield Objects.equals(text, rotate.request()) && !rotate.planOnly()
            ? spec
            : spec.withRotate(rotate.with().request(text).planOnly(false).build());
      }
    };
  }
}
