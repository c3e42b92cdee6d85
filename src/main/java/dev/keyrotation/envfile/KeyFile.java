package dev.keyrotation.envfile;

import dev.keyrotation.api.v1alpha1.CredentialFiles;
import dev.keyrotation.api.v1alpha1.SystemdUnitTarget;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * A file from which a unit reads keys.
 *
 * @param path absolute, as the spec names it
 */
record KeyFile(SystemdUnitTarget unit, String path, Holds holds) {

  /** What is in a file. */
  enum Holds {
    /** Lines that set variables. */
    VARIABLES,
    /** The master key and nothing else. */
    MASTER,
    /** The salt key and nothing else. */
    SALT
  }

  /** The files of a unit, in the order in which they are written. */
  static List<KeyFile> of(SystemdUnitTarget unit) {
    List<KeyFile> files = new ArrayList<>();
    if (unit.environmentFile() != null) {
      files.add(new KeyFile(unit, unit.environmentFile(), Holds.VARIABLES));
    }
    CredentialFiles credentials = unit.credentialFiles();
    if (credentials != null) {
      files.add(new KeyFile(unit, credentials.masterKey(), Holds.MASTER));
      if (credentials.saltKey() != null) {
        files.add(new KeyFile(unit, credentials.saltKey(), Holds.SALT));
      }
    }
    return List.copyOf(files);
  }

  /** What people call the files of a unit. */
  static String where(SystemdUnitTarget unit) {
    return of(unit).stream().map(KeyFile::path).collect(Collectors.joining(" and ")) + onHost(unit);
  }

  /** What people call it, for example {@code /etc/litellm.env on 10.0.0.5}. */
  String where() {
    return path + onHost(unit);
  }

  private static String onHost(SystemdUnitTarget unit) {
    return unit.host() == null ? "" : " on " + unit.host().address();
  }

  /** Whether both stand for the same content of the same file. */
  boolean isLike(KeyFile other) {
    return where().equals(other.where())
        && holds == other.holds
        && (holds != Holds.VARIABLES
            || (unit.masterKey().equals(other.unit.masterKey())
                && unit.saltKey().equals(other.unit.saltKey())
                && unit.mirrors().equals(other.unit.mirrors())));
  }
}
