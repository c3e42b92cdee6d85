package dev.keyrotation.database;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.api.v1alpha1.Direction;
import dev.keyrotation.api.v1alpha1.Epoch;
import dev.keyrotation.api.v1alpha1.MasterKeyRowPolicy;
import dev.keyrotation.database.RotationDatabase.Journal;
import dev.keyrotation.database.RotationDatabase.Reencryption;
import dev.keyrotation.failure.RotationException;
import dev.keyrotation.failure.SupersededException;
import dev.keyrotation.key.KeyMaterial;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Two processes, or two KeyRotations, on one database. */
class ClaimTest {
  private static final KeyMaterial OLD = KeyMaterial.of("sk-canary-old-salt");
  private static final KeyMaterial NEW = KeyMaterial.of("sk-canary-new-salt");
  private static final String ID = "litellm-r4";
  private static final String OURS = "SELECT string_agg(c::text, ',') FROM keyrotation.claim c";

  private static DatabaseOwner process(long epoch) {
    return new DatabaseOwner("ai/litellm", new Epoch(epoch, "process-" + epoch));
  }

  private static DatabaseOwner other(long epoch) {
    return new DatabaseOwner("ai/other", new Epoch(epoch, "elsewhere"));
  }

  private static Reencryption forward(DatabaseOwner owner) {
    return new Reencryption(owner, ID, Direction.FORWARD, OLD, NEW, Duration.ofSeconds(60));
  }

  /** Every method that writes. */
  enum Write {
    CLAIM(database -> database.claim(process(1))),
    RELEASE(database -> database.release(process(1))),
    REENCRYPT(database -> database.reencrypt(forward(process(1)), progress -> {})),
    OPEN_GRACE(
        database ->
            database.openGrace(process(1), ID, Map.of(NEW, Instant.parse("2100-01-01T00:00:00Z")))),
    MOVE_ROWS(
        database ->
            database.moveMasterKeyRows(
                process(1), ID, Direction.FORWARD, OLD, NEW, MasterKeyRowPolicy.MOVE)),
    SHRINK_FENCE(database -> database.fence().shrink(process(1), ID, Set.of())),
    SWEEP(database -> database.fence().sweep(process(1), ID, Direction.FORWARD, OLD, NEW)),
    END_SESSIONS(database -> database.endSessions(process(1), ID)),
    RETIRE(database -> database.retire(process(1), ID));

    final Consumer<RotationDatabase> call;

    Write(Consumer<RotationDatabase> call) {
      this.call = call;
    }
  }

  @ParameterizedTest
  @EnumSource
  void processThatWakesUpAfterATakeOverWritesNothing(Write write) {
    TestDatabase database = LiteLlmServer.database(LiteLlmServer.NEWEST);
    database.model("m1", Map.of("model", LiteLlmCipher.seal(OLD, "gpt-4o")));
    database.token(OLD.tokenHash(), "the master key", null);
    database.open().claim(process(1));
    database.open().claim(process(2));
    String tables = database.digest();
    String ours = database.value(OURS);

    assertThatThrownBy(() -> write.call.accept(database.open()))
        .isInstanceOfSatisfying(SupersededException.class, e -> assertThat(e.found()).isEqualTo(2));

    assertThat(database.digest()).isEqualTo(tables);
    assertThat(database.value(OURS)).isEqualTo(ours);
    assertThat(database.value("SELECT count(*) FROM keyrotation.journal")).isEqualTo("0");
  }

  /** Who takes over then knows what the other has done: all of it, or nothing. */
  @Test
  void takeOverWaitsForATransactionThatIsOpen() throws Exception {
    TestDatabase database = LiteLlmServer.database(LiteLlmServer.NEWEST);
    database.model("m1", Map.of("model", LiteLlmCipher.seal(OLD, "gpt-4o")));
    database.open().claim(process(1));
    AtomicReference<CompletableFuture<Journal>> takeOver = new AtomicReference<>();

    database
        .open()
        .reencrypt(
            forward(process(1)),
            progress -> {
              if (takeOver.get() == null) {
                takeOver.set(
                    CompletableFuture.supplyAsync(
                        () -> {
                          database.open().claim(process(2));
                          return database.open().journal(ID, Direction.FORWARD, NEW);
                        }));
                assertThatThrownBy(() -> takeOver.get().get(300, TimeUnit.MILLISECONDS))
                    .isInstanceOf(java.util.concurrent.TimeoutException.class);
              }
            });

    assertThat(takeOver.get().get(20, TimeUnit.SECONDS)).isInstanceOf(Journal.Committed.class);
  }

  @Test
  void releasedDatabaseCanBeClaimedByAnotherAndNotByALateProcess() {
    TestDatabase database = LiteLlmServer.database(LiteLlmServer.NEWEST);
    database.open().claim(process(5));
    assertThatThrownBy(() -> database.open().claim(other(9)))
        .isInstanceOfSatisfying(
            RotationException.class,
            e -> assertThat(e.reason()).isEqualTo(ConditionReason.DATABASE_OWNED_BY_OTHER));

    database.open().release(process(5));
    assertThatThrownBy(() -> database.open().claim(process(5)))
        .isInstanceOf(SupersededException.class);
    database.open().claim(other(1));
    database.open().release(other(1));

    assertThatThrownBy(() -> database.open().claim(process(5)))
        .isInstanceOf(SupersededException.class);
    database.open().claim(process(6));
    assertThatThrownBy(() -> database.open().claim(other(2)))
        .isInstanceOfSatisfying(
            RotationException.class,
            e -> assertThat(e.reason()).isEqualTo(ConditionReason.DATABASE_OWNED_BY_OTHER));
  }

  @Test
  void statementOfTheMessageReleasesAClaim() {
    TestDatabase database = LiteLlmServer.database(LiteLlmServer.NEWEST);
    database.open().claim(process(5));
    String message = Claim.ownedByOther("public", "ai/litellm");

    database.run(message.substring(message.indexOf("UPDATE"), message.lastIndexOf('.')));

    database.open().claim(other(1));
  }
}
