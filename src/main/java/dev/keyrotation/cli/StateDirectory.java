package dev.keyrotation.cli;

import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.audit.FileAuditLog;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import java.util.Set;

/**
 * Where a host keeps what a cluster keeps in the resource: {@code state.json} (metadata, spec and
 * status), {@code audit.jsonl}, {@code keys/} with the key revisions, and {@code lock}. The
 * directory is for its owner alone.
 *
 * <p>The state is replaced as a whole: written beside, forced to the disk, renamed, and the rename
 * forced to the disk. So after a crash it is the old or the new one.
 */
final class StateDirectory {
  private static final FileAttribute<Set<PosixFilePermission>> PRIVATE_DIRECTORY =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));
  private static final FileAttribute<Set<PosixFilePermission>> PRIVATE_FILE =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));

  private final Path directory;

  private StateDirectory(Path directory) {
    this.directory = directory;
  }

  /** The directory, as it is; nothing is created. {@link #prepare} comes before the first write. */
  static StateDirectory at(Path directory) {
    return new StateDirectory(directory.toAbsolutePath().normalize());
  }

  Path path() {
    return directory;
  }

  Path keys() {
    return directory.resolve("keys");
  }

  FileAuditLog audit() {
    return new FileAuditLog(directory.resolve("audit.jsonl"));
  }

  /** Creates the directory, or refuses one that others can read. */
  void prepare() {
    try {
      if (Files.notExists(directory)) {
        Path parent = directory.getParent();
        if (parent != null) {
          Files.createDirectories(parent);
        }
        Files.createDirectory(directory, PRIVATE_DIRECTORY);
        Path created = directory.getParent();
        if (created != null) {
          sync(created);
        }
      }
      problem().ifPresent(this::refuse);
    } catch (IOException e) {
      throw new CommandFailure(
          ExitCode.BAD_INPUT,
          "State directory " + directory + " cannot be made: " + IoWords.of(e) + ".",
          e);
    }
  }

  private void refuse(String problem) {
    throw new CommandFailure(ExitCode.BAD_INPUT, problem);
  }

  /** What is wrong with an existing directory, as a sentence. */
  Optional<String> problem() throws IOException {
    if (!Files.isDirectory(directory)) {
      return Optional.of("State directory " + directory + " is no directory.");
    }
    Set<PosixFilePermission> rights =
        Files.getPosixFilePermissions(directory, LinkOption.NOFOLLOW_LINKS);
    boolean open =
        rights.stream()
            .anyMatch(
                right -> right.name().startsWith("GROUP") || right.name().startsWith("OTHERS"));
    return open
        ? Optional.of(
            "State directory "
                + directory
                + " is open to others; it holds keys. Run: chmod 700 "
                + directory)
        : Optional.empty();
  }

  /** Takes the lock, or says who holds it. */
  StateLock lock(String verb) {
    return StateLock.take(directory.resolve("lock"), verb);
  }

  /**
   * The resource as it was last written; empty when there is none.
   *
   * @throws CommandFailure when it cannot be read or is no state
   */
  Optional<KeyRotation> read() {
    return content().map(this::parse);
  }

  private KeyRotation parse(String content) {
    try {
      return Resources.parse(content);
    } catch (RuntimeException e) {
      throw new CommandFailure(
          ExitCode.STALLED,
          "State "
              + file()
              + " cannot be understood. Restore it from a backup, or move it away: then the command looks at"
              + " the host itself and goes on where that tells enough.",
          e);
    }
  }

  /** The text of the state; empty when there is none. */
  Optional<String> content() {
    try {
      return Files.exists(file()) ? Optional.of(Files.readString(file())) : Optional.empty();
    } catch (IOException e) {
      throw new CommandFailure(
          ExitCode.BAD_INPUT, "State " + file() + " cannot be read: " + IoWords.of(e) + ".", e);
    }
  }

  /**
   * Replaces the state, and returns its text.
   *
   * @throws CommandFailure when it is not known to be on the disk
   */
  String write(KeyRotation resource) {
    String text = Resources.json(resource) + "\n";
    Path beside = directory.resolve("state.json.new");
    try {
      Files.deleteIfExists(beside);
      try (FileChannel channel =
          FileChannel.open(
              beside,
              Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
              PRIVATE_FILE)) {
        ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
        while (bytes.hasRemaining()) {
          channel.write(bytes);
        }
        channel.force(true);
      }
      Files.move(beside, file(), StandardCopyOption.ATOMIC_MOVE);
      sync(directory);
      return text;
    } catch (IOException e) {
      throw new CommandFailure(
          ExitCode.STALLED,
          "State "
              + file()
              + " cannot be written: "
              + IoWords.of(e)
              + ". Nothing more is done without it; make room or mend it, and run again.",
          e);
    }
  }

  private Path file() {
    return directory.resolve("state.json");
  }

  private static void sync(Path directory) throws IOException {
    try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }
}
