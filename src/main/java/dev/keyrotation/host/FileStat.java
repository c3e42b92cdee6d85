package dev.keyrotation.host;

/**
 * A regular file.
 *
 * @param path its real path, without symbolic links
 * @param uid number of its owner
 * @param gid number of its group
 * @param mode its permission bits, for example 0600 as a number
 * @param replaceable whether we could replace it and keep its owner
 * @param version changes whenever the file is written or replaced
 */
public record FileStat(
    String path, int uid, int gid, int mode, boolean replaceable, String version) {
  private static final int OTHERS = 0007;

  /** Whether every user of the host can read or write it. */
  public boolean openToOthers() {
    return (mode & OTHERS) != 0;
  }

  /** The directory that holds it. */
  public String directory() {
    int slash = path.lastIndexOf('/');
    return slash <= 0 ? "/" : path.substring(0, slash);
  }

  /** Its name within the directory. */
  public String fileName() {
    return path.substring(path.lastIndexOf('/') + 1);
  }
}
