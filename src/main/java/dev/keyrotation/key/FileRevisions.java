package dev.keyrotation.key;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.failure.Recovery;
import dev.keyrotation.failure.RotationException;
import dev.keyrotation.key.KeyStore.KeyRevisionMarks;
import dev.keyrotation.key.KeyStore.Revision;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * One file per revision, {@code r<N>.json} of mode 0600, in a directory of mode 0700. A file is
 * written aside, flushed to the disk and then given its name, which fails when the name is taken:
 * so it is there as a whole or not at all, and never overwritten.
 */
public final class FileRevisions implements RevisionStore {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Pattern NAME = Pattern.compile("r([1-9][0-9]{0,17})\\.json");
  private static final FileAttribute<?> OWNER_ONLY =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));
  private static final FileAttribute<?> OWNER_ONLY_DIRECTORY =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));

  private final Path directory;

  /**
   * @param directory is created when it does not exist; its parent has to exist
   */
  public FileRevisions(Path directory) {
    this.directory = directory;
  }

  /** The content of a file. {@code uid} is that of the KeyRotation. */
  record Content(
      @JsonProperty("note") String note,
      @JsonProperty("name") String name,
      @JsonProperty("uid") @Nullable String uid,
      @JsonProperty("revision") long revision,
      @JsonProperty("rotation") String rotation,
      @JsonProperty("request") @Nullable String request,
      @JsonProperty("master") String master,
      @JsonProperty("salt") @Nullable String salt) {
    private static final String NOTE =
        "Keys of one revision, made by keyrotation. Deleting them loses every value and backup that"
            + " only they open.";

    /** Without the keys. */
    @Override
    public String toString() {
      return "Content[" + name + ", revision " + revision + "]";
    }
  }

  private Path path(long revision) {
    return directory.resolve("r" + revision + ".json");
  }

  @Override
  public Revision revision(KeyRotation owner, long revision) {
    Path path = path(revision);
    try {
      if (!Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS)) {
        return Files.exists(path, LinkOption.NOFOLLOW_LINKS)
            ? new Revision.Conflict("File " + path + " is no regular file.")
            : new Revision.Missing("File " + path);
      }
      Set<?> permissions = Files.getPosixFilePermissions(path, LinkOption.NOFOLLOW_LINKS);
      if (!PosixFilePermissions.fromString("rw-------").containsAll(permissions)) {
        return new Revision.Conflict(
            "File " + path + " can be read by others: somebody changed its mode. chmod 600 it.");
      }
      return read(owner, revision, path, JSON.readValue(path.toFile(), Content.class));
    } catch (JsonProcessingException e) {
      // Its message quotes the file.
      return new Revision.Conflict("File " + path + " is not as keyrotation wrote it.");
    } catch (NoSuchFileException e) {
      return new Revision.Missing("File " + path);
    } catch (IOException e) {
      throw failure("read " + path);
    }
  }

  private static Revision read(KeyRotation owner, long revision, Path path, Content content) {
    if (content.revision() != revision
        || !owner.getMetadata().getName().equals(content.name())
        || content.master() == null
        || content.rotation() == null) {
      return new Revision.Conflict("File " + path + " is not as keyrotation wrote it.");
    }
    String uid = owner.getMetadata().getUid();
    if (uid != null && content.uid() != null && !uid.equals(content.uid())) {
      return new Revision.Conflict(
          "File "
              + path
              + " belongs to an earlier KeyRotation of this name. Move it away when no data and no"
              + " backup needs its keys any more.");
    }
    String problem = MasterKeyCheck.problem(content.master());
    if (problem != null) {
      return new Revision.Conflict("File " + path + ": the master key " + problem + ".");
    }
    String salt = content.salt();
    return new Revision.Usable(
        new KeySet(KeyMaterial.of(content.master()), salt == null ? null : KeyMaterial.of(salt)),
        new KeyRevisionMarks(content.rotation(), content.request()));
  }

  @Override
  public List<Long> revisions(KeyRotation owner) {
    if (!Files.isDirectory(directory)) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(directory)) {
      return files
          .map(file -> NAME.matcher(file.getFileName().toString()))
          .filter(Matcher::matches)
          .map(name -> Long.parseLong(name.group(1)))
          .sorted()
          .toList();
    } catch (IOException e) {
      throw failure("list " + directory);
    }
  }

  @Override
  public boolean createRevision(
      KeyRotation owner, long revision, KeySet keys, KeyRevisionMarks marks) {
    KeyMaterial salt = keys.salt();
    Content content =
        new Content(
            Content.NOTE,
            owner.getMetadata().getName(),
            owner.getMetadata().getUid(),
            revision,
            marks.rotationId(),
            marks.request(),
            keys.master().reveal(),
            salt == null ? null : salt.reveal());
    try {
      if (!Files.isDirectory(directory)) {
        Files.createDirectory(directory, OWNER_ONLY_DIRECTORY);
        flush(directory.toAbsolutePath().getParent());
      }
      write(path(revision), JSON.writeValueAsBytes(content));
      return true;
    } catch (FileAlreadyExistsException e) {
      if (revision(owner, revision) instanceof Revision.Conflict(String message)) {
        throw new RotationException(
            ConditionReason.KEY_SECRET_CONFLICT, Recovery.ROLL_BACK, message);
      }
      return false;
    } catch (IOException e) {
      throw failure("write " + path(revision));
    }
  }

  @Override
  public void withdrawRevision(KeyRotation owner, long revision, KeySet keys) {
    if (revision(owner, revision) instanceof Revision.Usable usable && usable.keys().equals(keys)) {
      deleteRevision(owner, revision);
    }
  }

  private void write(Path path, byte[] bytes) throws IOException {
    Path aside = Files.createTempFile(directory, ".new-", ".json", OWNER_ONLY);
    try {
      try (FileChannel channel = FileChannel.open(aside, StandardOpenOption.WRITE)) {
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        while (buffer.hasRemaining()) {
          channel.write(buffer);
        }
        channel.force(true);
      }
      Files.createLink(path, aside);
      flush(directory);
    } finally {
      Files.deleteIfExists(aside);
    }
  }

  private static void flush(@Nullable Path directory) throws IOException {
    if (directory != null) {
      try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
        channel.force(true);
      }
    }
  }

  @Override
  public void deleteRevision(KeyRotation owner, long revision) {
    switch (revision(owner, revision)) {
      case Revision.Missing missing -> {}
      case Revision.Conflict(String message) ->
          throw new RotationException(ConditionReason.KEY_SECRET_CONFLICT, Recovery.HALT, message);
      case Revision.Usable usable -> {
        try {
          Files.delete(path(revision));
          flush(directory);
        } catch (IOException e) {
          throw failure("delete " + path(revision));
        }
      }
    }
  }

  private static RotationException failure(String doing) {
    return new RotationException(
        ConditionReason.HOST_COMMAND_FAILED,
        Recovery.RETRY,
        "Cannot " + doing + ": see that the directory exists, can be written and is not full.");
  }
}
