package dev.keyrotation.envfile;

/** Writes a value so that systemd and every POSIX shell read the same. */
final class Quoting {
  private static final String BARE = "[A-Za-z0-9_./:@%+=,-]*";

  private Quoting() {}

  /** {@code value} in the quotes that {@code former} has, where these can hold it. */
  static String like(String former, String value) {
    if (former.startsWith("\"") && former.endsWith("\"")) {
      return inDoubleQuotes(value);
    }
    boolean inSingle = former.startsWith("'") && former.endsWith("'");
    if (!inSingle && value.matches(BARE)) {
      return value;
    }
    return value.indexOf('\'') < 0 ? "'" + value + "'" : inDoubleQuotes(value);
  }

  private static String inDoubleQuotes(String value) {
    return "\"" + value.replaceAll("([\"\\\\`$])", "\\\\$1") + "\"";
  }
}
