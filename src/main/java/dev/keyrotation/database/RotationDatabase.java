package dev.keyrotation.database;

import dev.keyrotation.api.v1alpha1.AdminAccess;
import dev.keyrotation.api.v1alpha1.CompromiseReport;
import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.api.v1alpha1.DataCounts;
import dev.keyrotation.api.v1alpha1.Direction;
import dev.keyrotation.api.v1alpha1.MasterKeyRowPolicy;
import dev.keyrotation.api.v1alpha1.Progress;
import dev.keyrotation.failure.RotationException;
import dev.keyrotation.key.KeyMaterial;
import dev.keyrotation.key.KeySet;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * LiteLLM's database as a rotation needs it. All methods block and throw {@link RotationException}
 * with a reason {@code DATABASE_*}, {@code VALUE_*}, {@code WRONG_ENCRYPTION_KEY} or {@code
 * REENCRYPTION_FAILED}.
 *
 * <p>Our own records live in the schema {@code keyrotation} of the same database: who rotates this
 * database, a journal with one row per rotation and direction, and copies of replaced ciphertext.
 */
public interface RotationDatabase {

  /**
   * Claims the database for {@code owner} in its epoch. From then on every write of an earlier
   * epoch is refused; one that is under way is waited for as long as a lock may take.
   */
  void claim(DatabaseOwner owner);

  /**
   * Gives the claim up, so that another KeyRotation can take it. Does nothing when there is none.
   */
  void release(DatabaseOwner owner);

  /** What preflight needs to know. Writes nothing, not even our schema. */
  Report inspect(DatabaseOwner owner, KeySet current);

  /**
   * @param columns columns that hold values under the present encryption key
   * @param values values in all of them
   * @param masterKeyRows rows of the present master key in the token table, hashed or plain
   * @param findings what blocks a rotation that re-encrypts
   * @param warnings what should be known
   */
  record Report(
      List<ColumnCount> columns,
      long values,
      int masterKeyRows,
      List<Finding> findings,
      List<String> warnings) {}

  /**
   * Values found in one column; {@code registered} when LiteLLM's own list of encrypted columns has
   * it.
   */
  record ColumnCount(String table, String column, long values, boolean registered) {}

  /** Something that blocks; the message names table, column and row, never a value. */
  record Finding(ConditionReason reason, String message) {}

  /** Whether a re-encryption has been committed. */
  sealed interface Journal {
    /** Committed, with what it did. */
    record Committed(DataCounts counts) implements Journal {}

    /** Not committed, and no transaction that could still commit is open. */
    record NotCommitted() implements Journal {}

    /** A transaction of a re-encryption is open, ours or one that a dead operator left behind. */
    record Open() implements Journal {}
  }

  /**
   * Reads the journal of a rotation in a direction, under the same lock that a re-encryption holds.
   * Only a row that tells of the key {@code to} counts: an id comes again when a KeyRotation is
   * deleted and made anew.
   */
  Journal journal(String rotationId, Direction direction, KeyMaterial to);

  /**
   * Takes every stored value from one encryption key to another, in one transaction: under an
   * advisory lock, each value in its own format, old ciphertext copied aside, every new value
   * decrypted again, a journal row written. Commits nothing when a value opens under neither key. A
   * second call for the same rotation and direction finds the journal row and changes nothing.
   */
  DataCounts reencrypt(Reencryption request, Consumer<Progress> progress);

  /**
   * @param owner the KeyRotation; another owner's claim on this database stops the run, and so does
   *     a later epoch of its own
   * @param timeout bound for the whole transaction
   * @param fenced client addresses that {@link #fence()} holds off from the commit on
   * @param admitted in their place, the {@code application_name} of the only sessions of the
   *     instances' role that it lets through; with neither, there is no fence
   * @param besideInstances whether instances run and may write where no lock or fence keeps them
   *     off
   */
  record Reencryption(
      DatabaseOwner owner,
      String rotationId,
      Direction direction,
      KeyMaterial from,
      KeyMaterial to,
      Duration timeout,
      Set<String> fenced,
      @Nullable String admitted,
      boolean besideInstances) {

    /** A re-encryption while instances run that are told apart by their addresses. */
    public Reencryption(
        DatabaseOwner owner,
        String rotationId,
        Direction direction,
        KeyMaterial from,
        KeyMaterial to,
        Duration timeout,
        Set<String> fenced) {
      this(owner, rotationId, direction, from, to, timeout, fenced, null, !fenced.isEmpty());
    }

    /** A re-encryption while no instance runs. */
    public Reencryption(
        DatabaseOwner owner,
        String rotationId,
        Direction direction,
        KeyMaterial from,
        KeyMaterial to,
        Duration timeout) {
      this(owner, rotationId, direction, from, to, timeout, Set.of());
    }
  }

  /** Number of stored values that open under {@code key}, over all columns. */
  long valuesUnder(KeyMaterial key);

  /**
   * Number of rows of {@code master} in the token table, hashed or plain, without our grace rows.
   */
  int masterKeyRows(KeyMaterial master);

  /**
   * Ends {@code from} in the token table, in one transaction: grace rows of this rotation are
   * deleted; a row of {@code from} becomes the row of {@code to} (or is deleted, as {@code policy}
   * says), and what references it follows; in direction RollBack what Forward did is undone. Rows
   * of other keys are never touched.
   */
  MasterKeyRows moveMasterKeyRows(
      DatabaseOwner owner,
      String rotationId,
      Direction direction,
      KeyMaterial from,
      KeyMaterial to,
      MasterKeyRowPolicy policy);

  /**
   * What {@link #moveMasterKeyRows} has done for this rotation and direction, from the journal;
   * null when it has not been called.
   */
  @Nullable MasterKeyRows movedMasterKeyRows(String rotationId, Direction direction);

  /** Rows of the master key: found, and of these moved, repaired or removed. */
  record MasterKeyRows(int found, int moved) {}

  /** Stands for the end of a row that a key has of its own: it makes the key accepted for good. */
  Instant NO_EXPIRY = Instant.parse("9999-12-31T23:59:59Z");

  /**
   * Inserts short-lived admin rows, marked with the rotation id, or sets when they end. LiteLLM
   * honours that to the second, also for cached entries, and also if we never return. A row that a
   * key has of its own is left alone.
   *
   * @param until when the row of each key ends
   */
  void openGrace(DatabaseOwner owner, String rotationId, Map<KeyMaterial, Instant> until);

  /**
   * When the grace row of {@code key} expires; {@link #NO_EXPIRY} when the key has a row of its
   * own, null when this rotation has none for it.
   */
  @Nullable Instant graceExpiry(String rotationId, KeyMaterial key);

  /**
   * Ends the keys of LiteLLM's dashboard sessions: rows of the reserved team {@code
   * litellm-dashboard}, one for each log-in, in all versions. They are kept aside until the
   * rotation retires and never put back: who was logged in logs in again. Returns what {@link
   * #endedSessions} says then.
   */
  EndedSessions endSessions(DatabaseOwner owner, String rotationId);

  /** What {@link #endSessions} has done for this rotation; null when it has not been called. */
  @Nullable EndedSessions endedSessions(String rotationId);

  /**
   * @param at when that was last done, by the clock of the database
   */
  record EndedSessions(int number, Instant at) {}

  /**
   * Keys and users with admin rights that were created at {@code since} or later, or at an unknown
   * time. Without dashboard sessions, our grace rows and {@code master}.
   *
   * @param since null: whenever
   */
  Admins adminsSince(@Nullable Instant since, KeyMaterial master);

  /**
   * @param newest at most {@link CompromiseReport#MOST_LISTED} keys, then as many users
   */
  record Admins(int keys, int users, List<AdminAccess> newest) {}

  /**
   * Sessions of the instances' database role other than our own. While all instances are stopped
   * there must be none: each would be a process that nobody told us of and that could write under
   * the old key.
   */
  List<Session> otherSessions();

  /** What the database's own clock says now. */
  Instant clock();

  /**
   * The statements that a role of its own for the rotation needs, without semicolons; reads only.
   *
   * @param role its name
   * @param fence whether it has to be able to set the fence, for which it becomes a member of the
   *     owner of LiteLLM's tables
   */
  List<String> grants(String role, boolean fence);

  /** A session; {@code client} is its address or {@code local}. */
  record Session(String client, @Nullable String application) {}

  /** What holds old instances off the encrypted tables. */
  default Fence fence() {
    return Fence.unavailable("this version sets no fence");
  }

  /** Deletes the copied ciphertext of a rotation. Does nothing when there is none. */
  void retire(DatabaseOwner owner, String rotationId);
}
