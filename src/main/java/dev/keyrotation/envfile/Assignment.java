package dev.keyrotation.envfile;

import org.jspecify.annotations.Nullable;

/**
 * One assignment of an environment file.
 *
 * @param name the variable
 * @param value what the reader takes it to be; null when it cannot be known without running the
 *     file (a substitution, a command)
 * @param start where the value begins in the file, quotes included
 * @param end where it ends
 * @param exported whether the word {@code export} stands before it
 * @param line the line, counted from 1
 */
record Assignment(
    String name, @Nullable String value, int start, int end, boolean exported, int line) {

  /** Without the value. */
  @Override
  public String toString() {
    return "Assignment[" + name + ", line " + line + "]";
  }
}
