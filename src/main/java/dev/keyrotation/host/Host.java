package dev.keyrotation.host;

import dev.keyrotation.failure.RotationException;
import java.util.List;
import java.util.Optional;

/**
 * A host on which commands run and files are replaced. Paths are absolute. All methods throw {@link
 * RotationException}: with {@code HOST_UNREACHABLE} when the host does not answer or an answer was
 * lost (what was asked may have happened), with {@code HOST_ACCESS_DENIED} when it refuses us, with
 * {@code HOST_KEY_MISMATCH} when it is not the host that the spec means.
 */
public interface Host {

  /** What people call it in messages: its address, or {@code this host}. */
  String name();

  /**
   * Runs a command to its end, bounded in time and output. Arguments can be seen by every process
   * of the host and hold nothing secret; what is secret goes by {@code stdin}.
   *
   * @param argv the program and its arguments, passed as they are
   * @return what it said, whatever its exit code was
   */
  Output run(List<String> argv, byte[] stdin);

  /** The same without input. */
  default Output run(List<String> argv) {
    return run(argv, new byte[0]);
  }

  /** The regular file that a path leads to, symbolic links followed; empty when there is none. */
  Optional<FileStat> stat(String path);

  /** The whole content of a file, at most a MiB; empty when there is none. */
  Optional<byte[]> read(String path);

  /**
   * Creates a file with the owner, group and mode of {@code like} (never readable by others) and
   * waits until it is on the disk. Does nothing when the file exists.
   *
   * @return whether it was created
   */
  boolean create(String path, byte[] content, FileStat like);

  /**
   * Replaces the content of a file: a temporary file beside it with the same owner, group, mode and
   * extended attributes, flushed to the disk, is renamed over it. Whoever reads sees all of the old
   * or all of the new, also after a power cut. A symbolic link stays; the file behind it is
   * replaced.
   */
  void replace(String path, byte[] content);

  /**
   * Writes a file that belongs to the system, like {@link #replace}, and creates it when missing.
   */
  void put(String path, byte[] content, String mode);

  /** Removes a file; does nothing when there is none. */
  void remove(String path);

  /** The names in a directory, sorted; none when it does not exist. */
  List<String> list(String directory);
}
