package dev.keyrotation.database;

import dev.keyrotation.api.v1alpha1.Direction;
import dev.keyrotation.failure.RotationException;
import dev.keyrotation.key.KeyMaterial;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Holds instances of the other keys off the encrypted tables while they finish: a
 * row-level-security policy whose function raises an error for their client addresses, or for all
 * sessions of the instances' role that have not the {@code application_name} of new instances.
 * LiteLLM keeps the models that it has in memory when a reload <i>fails</i>; it breaks when a
 * reload succeeds with rows that it cannot read. The fence is set in the re-encryption's own
 * transaction ({@link RotationDatabase.Reencryption#fenced()}).
 *
 * <p>All methods throw {@link RotationException} as those of {@link RotationDatabase} do.
 */
public interface Fence {

  /** Whether a fence can be had. */
  sealed interface Check {
    /** The tables are ours to alter and their policies ours to set. */
    record Possible() implements Check {}

    /** It cannot; the sentence says why. */
    record Impossible(String why) implements Check {}
  }

  /** Reads owner, role and policies of the tables. Writes nothing. */
  Check check();

  /**
   * Like {@link #check}, for a fence that tells instances by their {@code application_name}. Also
   * opens connections by the URL as an instance would, and sees whether the server knows each by
   * its own name.
   */
  Check checkMarks();

  /**
   * The {@code application_name} that the fence of this rotation lets through; null when there is
   * none, or it holds off addresses.
   */
  @Nullable String mark(String rotationId);

  /** Client addresses that the fence of this rotation holds off; empty when there is none. */
  Set<String> addresses(String rotationId);

  /**
   * Holds off only {@code addresses} from now on; with none of them, the fence is gone without
   * trace, by whatever it tells instances.
   */
  void shrink(DatabaseOwner owner, String rotationId, Set<String> addresses);

  /**
   * Rotations of which a fence stands in this schema, in order; empty when none does, or another
   * KeyRotation has the claim. While no rotation is under way, each is a left-over of a process
   * that ended in an unusual way.
   */
  List<String> standing(DatabaseOwner owner);

  /** Removes every fence of this schema, whatever rotation it is of. */
  void remove(DatabaseOwner owner);

  /**
   * Takes values from one key to the other that instances of the other key wrote since the
   * re-encryption into tables that are not fenced (keys, teams, users): row by row, each only when
   * it is still what was read. Returns how many.
   */
  long sweep(
      DatabaseOwner owner,
      String rotationId,
      Direction direction,
      KeyMaterial from,
      KeyMaterial to);

  /** For a database in which no fence can be had, whatever its tables look like. */
  static Fence unavailable(String why) {
    return new Fence() {
      @Override
      public Check check() {
        return new Check.Impossible(why);
      }

      @Override
      public Check checkMarks() {
        return check();
      }

      @Override
      public @Nullable String mark(String rotationId) {
        return null;
      }

      @Override
      public Set<String> addresses(String rotationId) {
        return Set.of();
      }

      @Override
      public void shrink(DatabaseOwner owner, String rotationId, Set<String> addresses) {}

      @Override
      public List<String> standing(DatabaseOwner owner) {
        return List.of();
      }

      @Override
      public void remove(DatabaseOwner owner) {}

      @Override
      public long sweep(
          DatabaseOwner owner,
          String rotationId,
          Direction direction,
          KeyMaterial from,
          KeyMaterial to) {
        return 0;
      }
    };
  }
}
