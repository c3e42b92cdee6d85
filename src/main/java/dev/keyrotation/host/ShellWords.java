package dev.keyrotation.host;

import java.util.List;
import java.util.stream.Collectors;

/** Quotes arguments for the login shell that an SSH server hands a command to. */
final class ShellWords {
  private ShellWords() {}

  /** One command line that a POSIX shell takes apart into exactly these arguments. */
  static String join(List<String> argv) {
    return argv.stream().map(ShellWords::quote).collect(Collectors.joining(" "));
  }

  private static String quote(String word) {
    return word.matches("[A-Za-z0-9_./:@%+=,-]+") ? word : "'" + word.replace("'", "'\\''") + "'";
  }
}
