package dev.keyrotation.audit;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.List;
import java.util.Set;

/**
 * An audit in a file that only its owner reads. One process writes it at a time: the caller holds
 * the lock of the state directory.
 */
public final class FileAuditLog {
  private final Path file;

  public FileAuditLog(Path file) {
    this.file = file;
  }

  /**
   * Appends a record and waits until it is on the disk. A record that says the same as the last one
   * is not written again: a process that died before it wrote its status tells the same edge twice.
   */
  public void append(Instant time, String resource, AuditEntry entry) throws IOException {
    List<String> lines = whole();
    AuditChain.Head head = AuditChain.Head.EMPTY;
    if (!lines.isEmpty()) {
      AuditRecord last = AuditChain.read(lines.getLast());
      if (last.entry().equals(entry)) {
        return;
      }
      head = new AuditChain.Head(last.seq() + 1, last.hash());
    }
    write(AuditChain.line(head, time, resource, entry) + "\n");
  }

  /** Every line; a last one that was not written to its end is left out. */
  public List<String> lines() throws IOException {
    if (!Files.exists(file)) {
      return List.of();
    }
    String text = Files.readString(file);
    return text.substring(0, text.lastIndexOf('\n') + 1).lines().toList();
  }

  /** The lines, after the rest of one that a power cut left without its end has been cut off. */
  private List<String> whole() throws IOException {
    if (!Files.exists(file)) {
      return List.of();
    }
    byte[] bytes = Files.readAllBytes(file);
    int end = bytes.length;
    while (end > 0 && bytes[end - 1] != '\n') {
      end--;
    }
    if (end < bytes.length) {
      try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
        channel.truncate(end);
        channel.force(true);
      }
    }
    return new String(bytes, 0, end, StandardCharsets.UTF_8).lines().toList();
  }

  private void write(String line) throws IOException {
    boolean fresh = !Files.exists(file);
    try (FileChannel channel =
        FileChannel.open(
            file,
            Set.of(StandardOpenOption.CREATE, StandardOpenOption.APPEND),
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")))) {
      ByteBuffer bytes = ByteBuffer.wrap(line.getBytes(StandardCharsets.UTF_8));
      while (bytes.hasRemaining()) {
        channel.write(bytes);
      }
      channel.force(true);
    }
    Path parent = file.toAbsolutePath().getParent();
    if (fresh && parent != null) {
      try (FileChannel directory = FileChannel.open(parent, StandardOpenOption.READ)) {
        directory.force(true);
      }
    }
  }
}
