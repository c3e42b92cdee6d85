package dev.keyrotation.envfile;

import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.SystemdUnitTarget;
import dev.keyrotation.envfile.KeyContent.Found;
import dev.keyrotation.failure.Recovery;
import dev.keyrotation.failure.RotationException;
import dev.keyrotation.failure.SupersededException;
import dev.keyrotation.host.EpochMark;
import dev.keyrotation.host.FileStat;
import dev.keyrotation.host.Host;
import dev.keyrotation.host.Hosts;
import dev.keyrotation.key.KeyConsumer;
import dev.keyrotation.key.KeySet;
import dev.keyrotation.key.KeyStore.Consumer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The files from which a KeyRotation's units read their keys: environment files, or files that hold
 * one key each. Several units may share them; they are then read and written once.
 */
public final class EnvironmentFileConsumer implements KeyConsumer {
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
        .map(KeyFile::where)
        .distinct()
        .collect(Collectors.joining(", "));
  }

  /** Units whose files are another unit's are left out. */
  private static List<SystemdUnitTarget> units(KeyRotation owner) {
    Map<String, SystemdUnitTarget> first = new LinkedHashMap<>();
    owner.getSpec().units().forEach(unit -> first.putIfAbsent(KeyFile.where(unit), unit));
    return List.copyOf(first.values());
  }

  /** Every file, once, in the order in which they are written. */
  private static List<KeyFile> files(KeyRotation owner) {
    return units(owner).stream().flatMap(unit -> KeyFile.of(unit).stream()).toList();
  }

  /** Files that two units name have to be the same ones, with the same content. */
  private static @Nullable String contradiction(KeyRotation owner) {
    for (SystemdUnitTarget one : owner.getSpec().units()) {
      for (SystemdUnitTarget other : owner.getSpec().units()) {
        List<KeyFile> files = KeyFile.of(one);
        List<KeyFile> others = KeyFile.of(other);
        for (KeyFile file : files) {
          boolean shared = others.stream().anyMatch(f -> f.where().equals(file.where()));
          boolean alike =
              files.size() == others.size()
                  && files.stream().allMatch(f -> others.stream().anyMatch(f::isLike));
          if (shared && !alike) {
            return file.where()
                + " is named by several units with different variables. Give environmentFile or"
                + " credentialFiles, masterKey, saltKey and mirrors alike.";
          }
        }
      }
    }
    return null;
  }

  private Optional<KeyPlace> read(KeyRotation owner, KeyFile file) {
    return KeyPlace.read(hosts.of(owner, file.unit()), file);
  }

  /** The mark lies beside the file itself, wherever links lead. */
  private static EpochMark mark(KeyRotation owner, KeyFile file, FileStat stat) {
    return EpochMark.of(owner, file.where(), Backups.epochPath(stat));
  }

  @Override
  public void claim(KeyRotation owner, BooleanSupplier current) {
    for (KeyFile file : files(owner)) {
      Host host = hosts.of(owner, file.unit());
      Optional<FileStat> stat = host.stat(file.path());
      if (stat.isPresent()) {
        if (!current.getAsBoolean()) {
          throw new SupersededException(file.where(), 0);
        }
        host.claim(mark(owner, file, stat.get()));
      }
    }
  }

  @Override
  public Consumer consumer(KeyRotation owner) {
    String contradiction = contradiction(owner);
    if (contradiction != null) {
      return new Consumer.Invalid(contradiction);
    }
    FoundKeys all = new FoundKeys(owner);
    for (SystemdUnitTarget unit : units(owner)) {
      for (KeyFile file : KeyFile.of(unit)) {
        Optional<KeyPlace> place = read(owner, file);
        if (place.isEmpty()) {
          return new Consumer.Missing("File " + file.where());
        }
        if (place.get().found() instanceof Found.Unusable(String message, boolean _)) {
          return new Consumer.Invalid(message);
        }
        all.add(place.get());
      }
      if (!all.agreesWith(unit)) {
        return new Consumer.Invalid(
            KeyFile.where(unit)
                + " holds other keys than "
                + KeyFile.where(units(owner).getFirst())
                + ".");
      }
    }
    return all.result();
  }

  /**
   * Variables of the keys that only a shell finds in the environment file of {@code unit}, for
   * example because {@code export} stands before them.
   */
  public List<String> unseenBySystemd(KeyRotation owner, SystemdUnitTarget unit) {
    return KeyFile.of(unit).stream()
        .flatMap(file -> read(owner, file).stream())
        .map(KeyPlace::content)
        .flatMap(
            content ->
                content instanceof EnvironmentKeys keys
                    ? keys.unseenBySystemd().stream()
                    : Stream.empty())
        .toList();
  }

  @Override
  public void publish(KeyRotation owner, KeySet keys, String stamp) {
    for (KeyFile file : files(owner)) {
      KeyPlace place =
          read(owner, file)
              .orElseThrow(
                  () ->
                      new RotationException(
                          ConditionReason.SECRET_NOT_FOUND,
                          Recovery.HALT,
                          "File "
                              + file.where()
                              + " does not exist any more. Put it back with the present keys, for"
                              + " example from the copy beside it; the rotation then goes on."));
      Host host = place.host().under(mark(owner, file, place.stat()));
      Backups backups = new Backups(owner, host, place.stat());
      if (!place.carries(keys, stamp, backups)) {
        place.publish(host, backups, keys, stamp);
        return;
      }
    }
  }

  @Override
  public void forget(KeyRotation owner, String rotationId) {
    for (KeyFile file : files(owner)) {
      Host host = hosts.of(owner, file.unit());
      host.stat(file.path()).ifPresent(stat -> new Backups(owner, host, stat).remove(rotationId));
    }
  }
}
