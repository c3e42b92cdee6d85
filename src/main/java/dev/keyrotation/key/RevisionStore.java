package dev.keyrotation.key;

import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.failure.RotationException;
import dev.keyrotation.key.KeyStore.KeyRevisionMarks;
import dev.keyrotation.key.KeyStore.Revision;
import java.util.List;

/**
 * Where the keys of each revision are kept, written once and by us alone. All methods throw {@link
 * RotationException} when the store cannot be reached or refuses.
 */
public interface RevisionStore {

  /** Reads the keys of a revision; they are used only when they are marked as ours. */
  Revision revision(KeyRotation owner, long revision);

  /**
   * All revisions that are kept, in ascending order, also those that a deleted KeyRotation of the
   * same name left behind: their numbers are taken.
   */
  List<Long> revisions(KeyRotation owner);

  /**
   * Keeps the keys of a revision for good. Does nothing when it is kept already: a revision is
   * never overwritten. Returns whether it was made.
   */
  boolean createRevision(KeyRotation owner, long revision, KeySet keys, KeyRevisionMarks marks);

  /**
   * Deletes the keys of a revision that {@link #createRevision} has just made too late: the
   * rotation was given up meanwhile, so nobody has used them. Does nothing when there are other
   * keys.
   */
  void withdrawRevision(KeyRotation owner, long revision, KeySet keys);

  /**
   * Deletes the keys of a revision after a live read shows that they are ours. Does nothing when
   * there are none.
   */
  void deleteRevision(KeyRotation owner, long revision);
}
