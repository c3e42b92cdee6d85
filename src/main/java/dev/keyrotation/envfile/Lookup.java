package dev.keyrotation.envfile;

import java.util.List;

/** What a reader of an environment file takes a variable to be. */
sealed interface Lookup {
  /** It is not set. */
  record Absent() implements Lookup {}

  /**
   * It is set.
   *
   * @param value its value, bytes as Latin-1
   * @param systemd whether systemd finds it
   * @param shell whether a shell finds it
   * @param lines every line that sets it, also to another value; the last one wins
   */
  record Value(String value, boolean systemd, boolean shell, List<Integer> lines)
      implements Lookup {
    /** Without the value. */
    @Override
    public String toString() {
      return "Value[lines=" + lines + "]";
    }
  }

  /** The two readers differ; who reads the file has to be known. */
  record Disputed(String why) implements Lookup {}

  /** It cannot be known without running the file; the sentence says why. */
  record Unclear(String why) implements Lookup {}
}
