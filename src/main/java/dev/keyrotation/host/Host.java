package dev.keyrotation.host;

import dev.keyrotation.failure.RotationException;
import java.util.List;
import java.util.Optional;

/**
 * A host on which commands run and files are replaced. Paths are absolute. All methods throw {@link
 * RotationException}: with {@code HOST_UNREACHABLE} when the host does not answer or an answer was
 * lost (what was asked may have happened), with {@code HOST_ACCESS_DENIED} when it refuses us, with
 * {@code HOST_KEY_MISMATCH} when it is not the host that the spec means, with {@code
 * HOST_COMMAND_FAILED} when a command fails otherwise.
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

  /**
   * Runs a POSIX shell script.
   *
   * @param doing what it does, to stand after "Cannot": {@code restart litellm.service}
   * @param arguments {@code $1}, {@code $2} and so on
   * @param alsoFine exit codes besides 0 that are no failure
   */
  Output script(String doing, String script, List<String> arguments, byte[] stdin, int... alsoFine);

  /**
   * Puts a mark on the host unless it carries one of the same or a higher number.
   *
   * @throws dev.keyrotation.failure.SupersededException when it does; nothing was written
   */
  void claim(EpochMark mark);

  /**
   * The same host, on which a change succeeds only while it carries {@code mark}. Compared and
   * changed under one lock of the host: a change that comes late is refused, or has ended before
   * anybody else could {@link #claim}.
   *
   * <p>A script of the caller says where its change begins, by the command {@code ours}. Changes
   * throw {@link dev.keyrotation.failure.SupersededException} when the mark is another one.
   */
  Host under(EpochMark mark);

  /** The regular file that a path leads to, symbolic links followed; empty when there is none. */
  Optional<FileStat> stat(String path);

  /** The whole content of a file, at most a MiB; empty when there is none. */
  Optional<byte[]> read(String path);

  /**
   * Creates a file of mode 0600 with owner and group of {@code like} and waits until it is on the
   * disk. It appears with all of its content or not at all. Does nothing when the file exists.
   *
   * @return whether it was created
   */
  boolean create(String path, byte[] content, FileStat like);

  /**
   * Replaces the content of a file unless it changed since {@link #stat}: a temporary file beside
   * it with the same owner, group, mode and extended attributes, flushed to the disk, is renamed
   * over it. Whoever reads sees all of the old or all of the new, also after a power cut. A
   * symbolic link that led to it stays.
   */
  void replace(FileStat file, byte[] content);

  /**
   * Writes a file in the same way, without regard to what was there, and creates it and its
   * directory when missing.
   *
   * @param mode octal digits
   */
  void put(String path, byte[] content, String mode);

  /** Removes a file; does nothing when there is none. */
  void remove(String path);

  /** The names in a directory, sorted; none when it does not exist. */
  List<String> list(String directory);
}
