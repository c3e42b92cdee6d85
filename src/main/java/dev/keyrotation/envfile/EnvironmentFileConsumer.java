package dev.keyrotation.envfile;

import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.KeyRotationStatus;
import dev.keyrotation.api.v1alpha1.SystemdUnitTarget;
import dev.keyrotation.envfile.EnvironmentKeys.Found;
import dev.keyrotation.failure.Recovery;
import dev.keyrotation.failure.RotationException;
import dev.keyrotation.failure.SupersededException;
import dev.keyrotation.host.EpochMark;
import dev.keyrotation.host.FileStat;
import dev.keyrotation.host.Host;
import dev.keyrotation.host.Hosts;
import dev.keyrotation.host.Output;
import dev.keyrotation.key.KeyConsumer;
import dev.keyrotation.key.KeySet;
import dev.keyrotation.key.KeyStore.Consumer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The environment files of a KeyRotation's units. Several units may share one; it is then read and
 * written once.
 */
public final class EnvironmentFileConsumer implements KeyConsumer {
  private static final String EACH_FILE_OF_SYSTEMD =
      "systemctl show --no-pager -p EnvironmentFiles -- \"$1\"";

  private final Hosts hosts;

  public EnvironmentFileConsumer(Hosts hosts) {
    this.hosts = hosts;
  }

  @Override
  public boolean isUsedBy(KeyRotation owner) {
    return !owner.getSpec().units().isEmpty();
  }

  @Override
  public String where(KeyRotation owner) {
    return owner.getSpec().units().stream()
        .map(EnvironmentFileConsumer::where)
        .distinct()
        .collect(Collectors.joining(", "));
  }

  private static String where(SystemdUnitTarget unit) {
    return unit.environmentFile() + (unit.host() == null ? "" : " on " + unit.host().address());
  }

  /** One file, as it is now. */
  private record Place(
      SystemdUnitTarget unit,
      Host host,
      FileStat stat,
      EnvironmentFile content,
      EnvironmentKeys keys,
      Found found) {

    /** Without its content. */
    @Override
    public String toString() {
      return "Place[" + where(unit) + "]";
    }
  }

  /** Units whose file is another unit's are left out. */
  private static List<SystemdUnitTarget> files(KeyRotation owner) {
    Map<String, SystemdUnitTarget> first = new LinkedHashMap<>();
    owner.getSpec().units().forEach(unit -> first.putIfAbsent(where(unit), unit));
    return List.copyOf(first.values());
  }

  private static @Nullable String contradiction(KeyRotation owner) {
    for (SystemdUnitTarget file : files(owner)) {
      for (SystemdUnitTarget unit : owner.getSpec().units()) {
        if (where(unit).equals(where(file))
            && !(unit.masterKey().equals(file.masterKey())
                && unit.saltKey().equals(file.saltKey())
                && unit.mirrors().equals(file.mirrors()))) {
          return where(unit)
              + " is named by several units with different variables. Give masterKey, saltKey and"
              + " mirrors alike.";
        }
      }
    }
    return null;
  }

  private Optional<Place> read(KeyRotation owner, SystemdUnitTarget unit) {
    Host host = hosts.of(owner, unit);
    Optional<FileStat> stat = host.stat(unit.environmentFile());
    Optional<byte[]> bytes = stat.flatMap(file -> host.read(file.path()));
    if (stat.isEmpty() || bytes.isEmpty()) {
      return Optional.empty();
    }
    EnvironmentFile file = EnvironmentFile.of(bytes.get());
    EnvironmentKeys keys = new EnvironmentKeys(unit, where(unit), file, Reader.EITHER);
    Found found = keys.read();
    if (found instanceof Found.Unusable(String _, boolean disputed) && disputed) {
      keys = new EnvironmentKeys(unit, where(unit), file, reader(host, unit));
      found = keys.read();
    }
    return Optional.of(new Place(unit, host, stat.get(), file, keys, found));
  }

  /** Asked only where the two would read different keys. */
  private static Reader reader(Host host, SystemdUnitTarget unit) {
    Output output =
        host.script(
            "read the properties of " + unit.unit(),
            EACH_FILE_OF_SYSTEMD,
            List.of(unit.unit()),
            new byte[0]);
    return output
            .text()
            .lines()
            .anyMatch(line -> line.startsWith("EnvironmentFiles=" + unit.environmentFile() + " ("))
        ? Reader.SYSTEMD
        : Reader.SHELL;
  }

  /** The mark lies beside the file itself, wherever links lead. */
  private static EpochMark mark(KeyRotation owner, SystemdUnitTarget unit, FileStat file) {
    return EpochMark.of(owner, where(unit), Backups.epochPath(file));
  }

  @Override
  public void claim(KeyRotation owner, BooleanSupplier current) {
    for (SystemdUnitTarget unit : files(owner)) {
      Host host = hosts.of(owner, unit);
      Optional<FileStat> file = host.stat(unit.environmentFile());
      if (file.isPresent()) {
        if (!current.getAsBoolean()) {
          throw new SupersededException(where(unit), 0);
        }
        host.claim(mark(owner, unit, file.get()));
      }
    }
  }

  @Override
  public Consumer consumer(KeyRotation owner) {
    String contradiction = contradiction(owner);
    if (contradiction != null) {
      return new Consumer.Invalid(contradiction);
    }
    KeySet keys = null;
    String stamp = null;
    String obstacle = null;
    List<String> stale = new ArrayList<>();
    List<String> warnings = new ArrayList<>();
    for (SystemdUnitTarget unit : files(owner)) {
      Optional<Place> place = read(owner, unit);
      if (place.isEmpty()) {
        return new Consumer.Missing("File " + where(unit));
      }
      switch (place.get().found()) {
        case Found.Unusable(String message, boolean _) -> {
          return new Consumer.Invalid(message);
        }
        case Found.Keys found -> {
          if (keys != null && !keys.equals(found.keys())) {
            return new Consumer.Invalid(
                where(unit) + " holds other keys than " + where(files(owner).getFirst()) + ".");
          }
          Backups backups = new Backups(owner, place.get().host(), place.get().stat());
          String mark = backups.lastStamp();
          stamp = keys == null || Objects.equals(stamp, mark) ? mark : null;
          keys = found.keys();
          stale(place.get(), found, backups, mark)
              .forEach(name -> stale.add(name + " in " + where(unit)));
          warnings.addAll(found.warnings());
          addModeWarning(place.get(), warnings);
          if (obstacle == null && mark != null && isUnknown(owner, mark)) {
            obstacle =
                "Beside "
                    + where(unit)
                    + " lie copies of "
                    + mark
                    + ", a rotation that the present state does not know: the state was lost, or they are of"
                    + " another installation. Restore the state, or move "
                    + backups.path(mark)
                    + " and its like away; they hold replaced keys.";
          }
          if (obstacle == null && !place.get().stat().replaceable()) {
            obstacle =
                where(unit)
                    + " cannot be replaced by the user that logs in. Log in as its owner or as"
                    + " root, or set host.sudo; without host, run the command as root.";
          }
        }
      }
    }
    return keys == null
        ? new Consumer.Invalid("The spec names no environment file.")
        : new Consumer.Usable(keys, stamp, stale, obstacle, warnings);
  }

  /**
   * A copy of a revision that was never given out, as far as the status tells: the next rotation
   * would take its number again, and its name for a mark of its own.
   */
  private static boolean isUnknown(KeyRotation owner, String mark) {
    KeyRotationStatus status = owner.getStatus();
    long given = status == null ? 0 : status.lastRevision();
    String revision = mark.substring(mark.lastIndexOf("-r") + 2, mark.lastIndexOf('/'));
    return Long.parseLong(revision) > given;
  }

  /** A file that was put back as it was may have had copies that differed already then. */
  private static List<String> stale(
      Place place, Found.Keys found, Backups backups, @Nullable String mark) {
    if (found.stale().isEmpty() || mark == null || !mark.endsWith("/RollBack")) {
      return found.stale();
    }
    byte[] before = backups.beforeForward(mark);
    return before != null && EnvironmentFile.of(before).equals(place.content())
        ? List.of()
        : found.stale();
  }

  /**
   * Variables of the keys that only a shell finds in the file of {@code unit}, for example because
   * {@code export} stands before them.
   */
  public List<String> unseenBySystemd(KeyRotation owner, SystemdUnitTarget unit) {
    return read(owner, unit).map(place -> place.keys().unseenBySystemd()).orElse(List.of());
  }

  private static void addModeWarning(Place place, List<String> warnings) {
    if (place.stat().openToOthers()) {
      warnings.add(
          where(place.unit())
              + " can be read by every user of its host (mode "
              + Integer.toOctalString(place.stat().mode())
              + "). The mode stays as it is: chmod 600.");
    }
  }

  @Override
  public void publish(KeyRotation owner, KeySet keys, String stamp) {
    for (SystemdUnitTarget unit : files(owner)) {
      Place place =
          read(owner, unit)
              .orElseThrow(
                  () ->
                      new RotationException(
                          ConditionReason.SECRET_NOT_FOUND,
                          Recovery.HALT,
                          "File "
                              + where(unit)
                              + " does not exist any more. Put it back with the present keys, for"
                              + " example from the copy beside it; the rotation then goes on."));
      Host host = place.host().under(mark(owner, unit, place.stat()));
      Backups backups = new Backups(owner, host, place.stat());
      String mark = backups.lastStamp();
      boolean done =
          stamp.equals(mark)
              && place.found() instanceof Found.Keys found
              && found.keys().equals(keys)
              && stale(place, found, backups, mark).isEmpty();
      if (!done) {
        publish(place, host, backups, keys, stamp);
        return;
      }
    }
  }

  private static void publish(Place place, Host host, Backups backups, KeySet keys, String stamp) {
    EnvironmentFile next = next(place, backups, keys, stamp);
    if (next.equals(place.content())) {
      backups.keep(stamp, new byte[0]); // the mark alone: there is room for it on a full disk too
      return;
    }
    backups.keep(stamp, place.content().bytes());
    host.replace(place.stat(), next.bytes());
  }

  /**
   * The file with the keys in it. On the way back it is the very file from before, when nobody has
   * changed anything else in it since.
   */
  private static EnvironmentFile next(Place place, Backups backups, KeySet keys, String stamp) {
    byte[] before = stamp.endsWith("/RollBack") ? backups.beforeForward(stamp) : null;
    if (before != null && place.found() instanceof Found.Keys now) {
      EnvironmentFile former = EnvironmentFile.of(before);
      EnvironmentKeys formerKeys = place.keys().of(former);
      if (formerKeys.read() instanceof Found.Keys found
          && found.keys().equals(keys)
          && formerKeys.with(now.keys()).equals(place.content())) {
        return former;
      }
    }
    if (place.found() instanceof Found.Unusable(String message, boolean _)) {
      throw new RotationException(
          ConditionReason.SECRET_KEY_INVALID,
          Recovery.HALT,
          message + " The keys cannot be exchanged in it.");
    }
    return place.keys().with(keys);
  }

  @Override
  public void forget(KeyRotation owner, String rotationId) {
    for (SystemdUnitTarget unit : files(owner)) {
      Host host = hosts.of(owner, unit);
      host.stat(unit.environmentFile())
          .ifPresent(file -> new Backups(owner, host, file).remove(rotationId));
    }
  }
}
