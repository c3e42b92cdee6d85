package dev.keyrotation.cli;

import java.io.Console;

/** What is known of the terminal. */
final class Terminal {
  private static final int USUAL_WIDTH = 120;

  private Terminal() {}

  static boolean isThere() {
    Console console = System.console();
    return console != null && console.isTerminal() && !"dumb".equals(System.getenv("TERM"));
  }

  /** Columns, as the launcher script passes them on; a usual number when it does not. */
  static int width() {
    return Integer.getInteger("keyrotation.columns", USUAL_WIDTH);
  }
}
