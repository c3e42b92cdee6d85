package dev.keyrotation.envfile;

import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.envfile.KeyContent.Found;
import dev.keyrotation.failure.Recovery;
import dev.keyrotation.failure.RotationException;
import dev.keyrotation.host.FileStat;
import dev.keyrotation.host.Host;
import dev.keyrotation.host.Output;
import dev.keyrotation.key.KeySet;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** One file with keys on its host, as it is now. */
record KeyPlace(KeyFile file, Host host, FileStat stat, KeyContent content, Found found) {
  private static final String EACH_FILE_OF_SYSTEMD =
      "systemctl show --no-pager -p EnvironmentFiles -- \"$1\"";

  /** Empty when there is no such file. */
  static Optional<KeyPlace> read(Host host, KeyFile file) {
    Optional<FileStat> stat = host.stat(file.path());
    Optional<byte[]> bytes = stat.flatMap(present -> host.read(present.path()));
    if (stat.isEmpty() || bytes.isEmpty()) {
      return Optional.empty();
    }
    KeyContent content = content(host, file, bytes.get());
    return Optional.of(new KeyPlace(file, host, stat.get(), content, content.read()));
  }

  private static KeyContent content(Host host, KeyFile file, byte[] bytes) {
    if (file.holds() != KeyFile.Holds.VARIABLES) {
      return new CredentialKey(file, bytes);
    }
    EnvironmentKeys keys =
        new EnvironmentKeys(file.unit(), file.where(), EnvironmentFile.of(bytes), Reader.EITHER);
    return keys.read() instanceof Found.Unusable(String _, boolean disputed) && disputed
        ? keys.readBy(reader(host, file))
        : keys;
  }

  /** Asked only where the two would read different keys. */
  private static Reader reader(Host host, KeyFile file) {
    Output output =
        host.script(
            "read the properties of " + file.unit().unit(),
            EACH_FILE_OF_SYSTEMD,
            List.of(file.unit().unit()),
            new byte[0]);
    return output
            .text()
            .lines()
            .anyMatch(line -> line.startsWith("EnvironmentFiles=" + file.path() + " ("))
        ? Reader.SYSTEMD
        : Reader.SHELL;
  }

  /**
   * Copies of the master key that differ. A file that was put back as it was may have had such
   * copies already then.
   */
  List<String> stale(Found.Keys keys, Backups backups, @Nullable String mark) {
    if (keys.stale().isEmpty() || mark == null || !mark.endsWith("/RollBack")) {
      return keys.stale();
    }
    byte[] before = backups.beforeForward(mark);
    return before != null && Arrays.equals(before, content.bytes()) ? List.of() : keys.stale();
  }

  /** Whether nothing is left to do here. */
  boolean carries(KeySet keys, String stamp, Backups backups) {
    String mark = backups.lastStamp();
    return stamp.equals(mark)
        && content.holds(keys)
        && found instanceof Found.Keys present
        && stale(present, backups, mark).isEmpty();
  }

  /**
   * Keeps the present bytes, then writes the keys.
   *
   * @param guarded {@link #host}, for changes
   */
  void publish(Host guarded, Backups backups, KeySet keys, String stamp) {
    byte[] next = next(backups, keys, stamp).bytes();
    if (Arrays.equals(next, content.bytes())) {
      backups.keep(stamp, new byte[0]); // the mark alone: there is room for it on a full disk too
      return;
    }
    backups.keep(stamp, content.bytes());
    guarded.replace(stat, next);
  }

  /**
   * The file with the keys in it. On the way back it is the very file from before, when nobody has
   * changed anything else in it since.
   */
  private KeyContent next(Backups backups, KeySet keys, String stamp) {
    byte[] before = stamp.endsWith("/RollBack") ? backups.beforeForward(stamp) : null;
    if (before != null && found instanceof Found.Keys) {
      KeyContent former = content.of(before);
      if (former.holds(keys)
          && Arrays.equals(former.withKeysOf(content).bytes(), content.bytes())) {
        return former;
      }
    }
    if (found instanceof Found.Unusable(String message, boolean _)) {
      throw new RotationException(
          ConditionReason.SECRET_KEY_INVALID,
          Recovery.HALT,
          message + " The keys cannot be exchanged in it.");
    }
    return content.with(keys);
  }

  /** Without its content. */
  @Override
  public String toString() {
    return "KeyPlace[" + file.where() + "]";
  }
}
