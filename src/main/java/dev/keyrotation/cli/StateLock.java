package dev.keyrotation.cli;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * An exclusive lock that the operating system gives back when its process ends, however it ends.
 * The text in the file is only for people.
 */
final class StateLock implements AutoCloseable {
  private final FileChannel channel;
  private final FileLock lock;

  private StateLock(FileChannel channel, FileLock lock) {
    this.channel = channel;
    this.lock = lock;
  }

  static StateLock take(Path file, String verb) {
    try {
      FileChannel channel =
          FileChannel.open(
              file,
              Set.of(StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE),
              PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
      FileLock lock = tryLock(channel);
      if (lock == null) {
        channel.close();
        throw new CommandFailure(
            ExitCode.LOCKED,
            "Another process works here: "
                + Files.readString(file).strip()
                + ". Wait until it ends; `keyrotation status` shows how far it is.");
      }
      String holder =
          "pid "
              + ProcessHandle.current().pid()
              + ", user "
              + System.getProperty("user.name")
              + ", keyrotation "
              + verb;
      channel.truncate(0);
      channel.write(ByteBuffer.wrap(holder.getBytes(StandardCharsets.UTF_8)), 0);
      return new StateLock(channel, lock);
    } catch (IOException e) {
      throw new CommandFailure(
          ExitCode.BAD_INPUT, "Lock " + file + " cannot be taken: " + IoWords.of(e) + ".", e);
    }
  }

  private static @Nullable FileLock tryLock(FileChannel channel) throws IOException {
    try {
      return channel.tryLock();
    } catch (OverlappingFileLockException e) {
      return null;
    }
  }

  boolean isHeld() {
    return lock.isValid();
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      // The operating system takes the lock back when the process ends.
    }
  }
}
