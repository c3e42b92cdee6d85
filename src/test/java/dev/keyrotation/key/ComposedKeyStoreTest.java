package dev.keyrotation.key;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.cluster.TestRotations;
import dev.keyrotation.failure.RotationException;
import dev.keyrotation.key.KeyStore.Consumer;
import dev.keyrotation.key.KeyStore.KeyRevisionMarks;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A Secret and environment files in one KeyRotation: they count only when they agree. */
class ComposedKeyStoreTest {
  private static final KeySet OLD = new KeySet(KeyMaterial.of("sk-old"), null);
  private static final KeySet NEW = new KeySet(KeyMaterial.of("sk-new"), null);
  private static final String FORWARD = "litellm-r2/Forward";
  private static final KeyRotation OWNER = TestRotations.in("ai");

  @TempDir Path directory;
  private final Place secret = new Place("Secret ai/keys");
  private final Place file = new Place("/etc/litellm.env on 10.0.0.5");

  private KeyStore store() {
    return new ComposedKeyStore(
        new FileRevisions(directory.resolve("revisions")), List.of(secret, file));
  }

  private static final class Place implements KeyConsumer {
    private final String where;
    private KeySet keys = OLD;
    private @Nullable String stamp;
    private final List<String> forgotten = new ArrayList<>();

    Place(String where) {
      this.where = where;
    }

    @Override
    public void claim(KeyRotation owner, BooleanSupplier current) {}

    @Override
    public boolean isUsedBy(KeyRotation owner) {
      return true;
    }

    @Override
    public String where(KeyRotation owner) {
      return where;
    }

    @Override
    public Consumer consumer(KeyRotation owner) {
      return new Consumer.Usable(keys, stamp, List.of(), null, List.of());
    }

    @Override
    public void publish(KeyRotation owner, KeySet published, String mark) {
      keys = published;
      stamp = mark;
    }

    @Override
    public void forget(KeyRotation owner, String rotationId) {
      forgotten.add(rotationId);
    }
  }

  @Test
  void placesThatDifferAreNoUsableKeys() {
    file.keys = NEW;

    assertThat(store().consumer(OWNER))
        .isInstanceOfSatisfying(
            Consumer.Invalid.class,
            i ->
                assertThat(i.message())
                    .contains("Secret ai/keys and /etc/litellm.env on 10.0.0.5 hold different"));
  }

  @Test
  void placesArePublishedOnePerCallUntilAllCarryTheMark() {
    store().publish(OWNER, NEW, FORWARD);
    assertThat(file.keys).isEqualTo(OLD);
    store().publish(OWNER, NEW, FORWARD);

    assertThat(store().consumer(OWNER))
        .isEqualTo(new Consumer.Usable(NEW, FORWARD, List.of(), null, List.of()));
  }

  @Test
  void markCountsOnlyWhenEveryPlaceHasIt() {
    secret.stamp = FORWARD;

    assertThat(((Consumer.Usable) store().consumer(OWNER)).stamp()).isNull();
  }

  @Test
  void revisionInUseIsKeptAndOneThatIsNotIsDeleted() {
    KeyStore store = store();
    store.createRevision(OWNER, 1, OLD, new KeyRevisionMarks("litellm-r2", null));
    assertThatThrownBy(() -> store.deleteRevision(OWNER, 1))
        .isInstanceOf(RotationException.class)
        .hasMessageContaining("holds them");

    secret.keys = NEW;
    assertThatThrownBy(() -> store.deleteRevision(OWNER, 1))
        .isInstanceOf(RotationException.class)
        .hasMessageContaining("may be the last ones");

    file.keys = NEW;
    store.deleteRevision(OWNER, 1);
    assertThat(store.revisions(OWNER)).isEmpty();
  }

  @Test
  void everyPlaceForgetsARotation() {
    store().forget(OWNER, "litellm-r2");

    assertThat(secret.forgotten).containsExactly("litellm-r2");
    assertThat(file.forgotten).containsExactly("litellm-r2");
  }
}
