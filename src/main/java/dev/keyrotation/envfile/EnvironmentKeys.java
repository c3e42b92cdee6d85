package dev.keyrotation.envfile;

import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.api.v1alpha1.SystemdUnitTarget;
import dev.keyrotation.failure.Recovery;
import dev.keyrotation.failure.RotationException;
import dev.keyrotation.key.KeyMaterial;
import dev.keyrotation.key.KeySet;
import dev.keyrotation.key.MasterKeyCheck;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The keys of a unit in its environment file. */
final class EnvironmentKeys implements KeyContent {
  private final SystemdUnitTarget unit;
  private final String where;
  private final EnvironmentFile file;
  private final Reader reader;

  /**
   * @param where what people call the file, for example {@code /etc/litellm.env on 10.0.0.5}
   */
  EnvironmentKeys(SystemdUnitTarget unit, String where, EnvironmentFile file, Reader reader) {
    this.unit = unit;
    this.where = where;
    this.file = file;
    this.reader = reader;
  }

  private EnvironmentKeys of(EnvironmentFile other) {
    return new EnvironmentKeys(unit, where, other, reader);
  }

  @Override
  public EnvironmentKeys of(byte[] content) {
    return of(EnvironmentFile.of(content));
  }

  @Override
  public byte[] bytes() {
    return file.bytes();
  }

  /** The same for another reader of the file. */
  EnvironmentKeys readBy(Reader other) {
    return new EnvironmentKeys(unit, where, file, other);
  }

  @Override
  public Found read() {
    if (unit.mirrors().contains(unit.saltKey())) {
      return new Found.Unusable(
          "systemdUnit.mirrors holds the salt variable "
              + unit.saltKey()
              + ", which would be overwritten with the master key. Remove it there.",
          false);
    }
    if (reader != Reader.SYSTEMD && !file.complete()) {
      return new Found.Unusable(where + " has a quote that is not closed.", true);
    }
    Lookup master = file.lookup(unit.masterKey(), reader);
    Lookup salt = file.lookup(unit.saltKey(), reader);
    Found.Unusable unusable = unusable(unit.masterKey(), master);
    if (unusable == null) {
      unusable = unusable(unit.saltKey(), salt);
    }
    if (unusable != null) {
      return unusable;
    }
    if (!(master instanceof Lookup.Value masterValue)) {
      return new Found.Unusable(
          where
              + " does not set "
              + unit.masterKey()
              + ". Correct systemdUnit.environmentFile or masterKey.",
          false);
    }
    String masterText = utf8(masterValue.value());
    String problem = masterText == null ? "is no UTF-8 text" : MasterKeyCheck.problem(masterText);
    if (masterText == null || problem != null) {
      return new Found.Unusable(where + ": " + unit.masterKey() + " " + problem + ".", false);
    }
    KeyMaterial saltKey = null;
    if (salt instanceof Lookup.Value saltValue) {
      String saltText = utf8(saltValue.value());
      if (saltText == null) {
        return new Found.Unusable(where + ": " + unit.saltKey() + " is no UTF-8 text.", false);
      }
      saltKey = KeyMaterial.of(saltText);
    }
    return new Found.Keys(
        KeyMaterial.of(masterText),
        saltKey,
        unit.mirrors().stream().filter(name -> isStale(name, masterValue)).toList(),
        warnings(masterValue, salt));
  }

  private Found.@Nullable Unusable unusable(String name, Lookup lookup) {
    return switch (lookup) {
      case Lookup.Disputed(String why) ->
          new Found.Unusable(where + ": " + name + " " + why + ".", true);
      case Lookup.Unclear(String why) ->
          new Found.Unusable(where + ": " + name + " " + why + ".", reader == Reader.EITHER);
      default -> null;
    };
  }

  private boolean isStale(String mirror, Lookup.Value master) {
    return !(file.lookup(mirror, reader) instanceof Lookup.Value copy
        && copy.value().equals(master.value()));
  }

  private List<String> warnings(Lookup.Value master, Lookup salt) {
    List<String> warnings = new ArrayList<>();
    duplicates(unit.masterKey(), master, warnings);
    if (salt instanceof Lookup.Value value) {
      duplicates(unit.saltKey(), value, warnings);
      if (value.value().isEmpty()) {
        warnings.add(KeyContent.emptySalt(where + ": " + unit.saltKey()));
      }
    }
    String unusual = KeyContent.unusualMaster(where, master.value());
    if (unusual != null) {
      warnings.add(unusual);
    }
    Set<String> known = new LinkedHashSet<>(unit.mirrors());
    known.add(unit.masterKey());
    known.add(unit.saltKey());
    Set<String> copies = file.holders(master.value(), known);
    if (!copies.isEmpty()) {
      warnings.add(
          where
              + ": "
              + String.join(", ", copies)
              + " holds the master key too and keeps the old one. Name it in systemdUnit.mirrors if"
              + " it is a copy.");
    }
    List<Integer> comments = new ArrayList<>(file.commentsWith(master.value()));
    if (!comments.isEmpty()) {
      warnings.add(where + " has the master key in a comment, which stays: line " + comments + ".");
    }
    if (reader != Reader.SYSTEMD && !file.commands().isEmpty() && !master.systemd()) {
      warnings.add(
          where
              + " holds more than assignments, which only a shell understands; it stays: line "
              + file.commands()
              + ".");
    }
    return warnings;
  }

  private void duplicates(String name, Lookup.Value value, List<String> warnings) {
    if (value.lines().size() > 1) {
      warnings.add(
          where
              + " sets "
              + name
              + " in lines "
              + value.lines()
              + ". The last one wins; it and those with the same value are replaced.");
    }
  }

  /** Variables of the keys that a shell finds and systemd does not. */
  List<String> unseenBySystemd() {
    List<String> names = new ArrayList<>(List.of(unit.masterKey(), unit.saltKey()));
    names.removeIf(
        name ->
            !(file.lookup(name, Reader.SHELL) instanceof Lookup.Value)
                || file.lookup(name, Reader.SYSTEMD) instanceof Lookup.Value);
    return names;
  }

  @Override
  public boolean holds(KeySet keys) {
    return read() instanceof Found.Keys found && keys.equals(keySet(found));
  }

  private static KeySet keySet(Found.Keys found) {
    return new KeySet(Objects.requireNonNull(found.master()), found.salt());
  }

  @Override
  public EnvironmentKeys withKeysOf(KeyContent other) {
    return other.read() instanceof Found.Keys found ? with(keySet(found)) : this;
  }

  @Override
  public EnvironmentKeys with(KeySet keys) {
    Map<String, String> values = new LinkedHashMap<>();
    values.put(unit.masterKey(), latin1(keys.master()));
    unit.mirrors().forEach(mirror -> values.put(mirror, latin1(keys.master())));
    KeyMaterial salt = keys.salt();
    if (salt != null) {
      values.put(unit.saltKey(), latin1(salt));
    }
    EnvironmentFile changed = file;
    for (Map.Entry<String, String> entry : values.entrySet()) {
      changed = changed.with(entry.getKey(), entry.getValue(), reader);
    }
    if (salt == null) {
      EnvironmentFile shorter = changed.without(unit.saltKey(), reader);
      if (shorter == null) {
        throw unchangeable(
            "the line that sets "
                + unit.saltKey()
                + " holds something else too; put it on its own line");
      }
      changed = shorter;
    }
    check(changed, values, salt == null);
    return of(changed);
  }

  /** Whatever the file looks like: what was wanted is in it, and nothing else has changed. */
  private void check(EnvironmentFile changed, Map<String, String> values, boolean withoutSalt) {
    for (Map.Entry<String, String> entry : values.entrySet()) {
      if (!(changed.lookup(entry.getKey(), reader) instanceof Lookup.Value now
          && now.value().equals(entry.getValue()))) {
        throw unchangeable(entry.getKey() + " cannot be set there; write it on a line of its own");
      }
    }
    Set<String> names = new LinkedHashSet<>(values.keySet());
    names.add(unit.saltKey());
    boolean saltLeft = !(changed.lookup(unit.saltKey(), reader) instanceof Lookup.Absent);
    if ((withoutSalt && saltLeft) || !file.differsOnlyIn(names, changed)) {
      throw unchangeable(
          "its lines depend on each other; write each variable on a line of its own");
    }
  }

  private RotationException unchangeable(String why) {
    return new RotationException(
        ConditionReason.SECRET_NOT_WRITABLE,
        Recovery.ROLL_BACK,
        "The keys in " + where + " cannot be exchanged: " + why + ".");
  }

  private static String latin1(KeyMaterial key) {
    return new String(key.utf8(), StandardCharsets.ISO_8859_1);
  }

  private static @Nullable String utf8(String latin1) {
    return KeyContent.utf8(latin1.getBytes(StandardCharsets.ISO_8859_1));
  }
}
