package dev.keyrotation.envfile;

import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.host.FileStat;
import dev.keyrotation.host.Host;
import java.util.Comparator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The copies that publishing leaves beside an environment file, named after rotation and direction:
 * {@code .litellm.env.keyrotation-litellm-r2-Forward} holds the bytes that were there before. Each
 * is the way back and, by its name, the mark of the rotation that wrote the file: it is created
 * before the file is replaced, and the file's content tells whether that has happened.
 */
final class Backups {
  private static final Pattern TAIL = Pattern.compile("-r([0-9]{1,18})-(Forward|RollBack)");

  private final KeyRotation owner;
  private final Host host;
  private final FileStat file;

  Backups(KeyRotation owner, Host host, FileStat file) {
    this.owner = owner;
    this.host = host;
    this.file = file;
  }

  private String prefix() {
    return prefix(file);
  }

  private static String prefix(FileStat file) {
    String name = file.fileName();
    return (name.startsWith(".") ? "" : ".") + name + ".keyrotation-";
  }

  /** The path of the mark of the epoch in which the file may be written. */
  static String epochPath(FileStat file) {
    return file.directory() + "/" + prefix(file) + "epoch";
  }

  /** The path of the copy that belongs to a stamp, for example {@code litellm-r2/Forward}. */
  String path(String stamp) {
    return file.directory() + "/" + prefix() + stamp.replace('/', '-');
  }

  /** The stamp of the last rotation of this KeyRotation that wrote the file; null when none did. */
  @Nullable String lastStamp() {
    String own = prefix() + owner.getMetadata().getName();
    return host.list(file.directory()).stream()
        .filter(name -> name.startsWith(own))
        .map(name -> TAIL.matcher(name.substring(own.length())))
        .filter(Matcher::matches)
        .max(
            Comparator.<Matcher>comparingLong(tail -> Long.parseLong(tail.group(1)))
                .thenComparing(tail -> tail.group(2))) // RollBack comes after Forward
        .map(tail -> owner.getMetadata().getName() + "-r" + tail.group(1) + "/" + tail.group(2))
        .orElse(null);
  }

  /** Keeps the present bytes under the stamp; what is kept under it already stays. */
  void keep(String stamp, byte[] content) {
    host.create(path(stamp), content, file);
  }

  /** The bytes from before the rotation's way forward; null when there are none. */
  byte @Nullable [] beforeForward(String stamp) {
    String forward = stamp.substring(0, stamp.indexOf('/')) + "/Forward";
    return host.read(path(forward)).orElse(null);
  }

  void remove(String rotationId) {
    host.remove(path(rotationId + "/Forward"));
    host.remove(path(rotationId + "/RollBack"));
  }
}
