package dev.keyrotation.envfile;

import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.KeyRotationStatus;
import dev.keyrotation.api.v1alpha1.SystemdUnitTarget;
import dev.keyrotation.envfile.KeyContent.Found;
import dev.keyrotation.key.KeyMaterial;
import dev.keyrotation.key.KeySet;
import dev.keyrotation.key.KeyStore.Consumer;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Puts together what the files of all units hold, while they are read one by one. */
final class FoundKeys {
  private final KeyRotation owner;
  private final List<String> stale = new ArrayList<>();
  private final List<String> warnings = new ArrayList<>();
  private boolean first = true;
  private @Nullable String stamp;
  private @Nullable String obstacle;
  private @Nullable KeySet keys;
  private @Nullable KeyMaterial master;
  private @Nullable KeyMaterial salt;

  FoundKeys(KeyRotation owner) {
    this.owner = owner;
  }

  /** Takes a file with usable keys. */
  void add(KeyPlace place) {
    if (!(place.found() instanceof Found.Keys found)) {
      throw new IllegalArgumentException("no usable keys");
    }
    master = found.master() == null ? master : found.master();
    salt = found.salt() == null ? salt : found.salt();
    Backups backups = new Backups(owner, place.host(), place.stat());
    String mark = backups.lastStamp();
    stamp = first || Objects.equals(stamp, mark) ? mark : null;
    first = false;
    String where = place.file().where();
    place.stale(found, backups, mark).forEach(name -> stale.add(name + " in " + where));
    warnings.addAll(found.warnings());
    if (place.stat().openToOthers()) {
      warnings.add(
          where
              + " can be read by every user of its host (mode "
              + Integer.toOctalString(place.stat().mode())
              + "). The mode stays as it is: chmod 600.");
    }
    if (obstacle == null) {
      obstacle = obstacle(place, where, backups, mark);
    }
  }

  private @Nullable String obstacle(
      KeyPlace place, String where, Backups backups, @Nullable String mark) {
    if (mark != null && isUnknown(mark)) {
      return "Beside "
          + where
          + " lie copies of "
          + mark
          + ", a rotation that the present state does not know: the state was lost, or they are of"
          + " another installation. Restore the state, or move "
          + backups.path(mark)
          + " and its like away; they hold replaced keys.";
    }
    return place.stat().replaceable()
        ? null
        : where
            + " cannot be replaced by the user that logs in. Log in as its owner or as"
            + " root, or set host.sudo; without host, run the command as root.";
  }

  /**
   * A copy of a revision that was never given out, as far as the status tells: the next rotation
   * would take its number again, and its name for a mark of its own.
   */
  private boolean isUnknown(String mark) {
    KeyRotationStatus status = owner.getStatus();
    long given = status == null ? 0 : status.lastRevision();
    String revision = mark.substring(mark.lastIndexOf("-r") + 2, mark.lastIndexOf('/'));
    return Long.parseLong(revision) > given;
  }

  /** Ends the files of one unit: whether they hold the same keys as those of the units before. */
  boolean agreesWith(SystemdUnitTarget unit) {
    KeySet found =
        new KeySet(
            Objects.requireNonNull(master, () -> unit.unit() + " names no file with a master key"),
            salt);
    master = null;
    salt = null;
    boolean agrees = keys == null || keys.equals(found);
    keys = found;
    return agrees;
  }

  Consumer result() {
    return keys == null
        ? new Consumer.Invalid("The spec names no file with keys.")
        : new Consumer.Usable(keys, stamp, stale, obstacle, warnings);
  }
}
