package dev.keyrotation.envfile;

import java.util.ArrayList;
import java.util.List;

/**
 * Reads a file as systemd reads an {@code EnvironmentFile=}: systemd.exec(5) and {@code
 * parse_env_file} of its sources.
 *
 * <p>Lines that begin with {@code #} or {@code ;} are comments; there is none at the end of a line.
 * A backslash joins the next line. Quotes are as in a shell, without any substitution. White space
 * around name and value is dropped. A name that is no proper one, such as {@code export NAME}, is
 * ignored.
 *
 * <p>A comment that ends in a backslash goes on in the next line before systemd 254 and does not
 * since; {@code joinsComments} says which is wanted.
 */
final class SystemdReader {
  private enum State {
    BEFORE_NAME,
    NAME,
    BEFORE_VALUE,
    VALUE,
    VALUE_ESCAPE,
    SINGLE,
    DOUBLE,
    DOUBLE_ESCAPE,
    COMMENT,
    COMMENT_ESCAPE
  }

  private static final String UNESCAPED_IN_QUOTES = "\"\\`$";

  private final String text;
  private final boolean joinsComments;
  private final List<Assignment> found = new ArrayList<>();
  private final StringBuilder name = new StringBuilder();
  private final StringBuilder value = new StringBuilder();
  private State state = State.BEFORE_NAME;

  /** Length of the value up to its last character that is no plain white space. */
  private int kept;

  private int line = 1;
  private int nameLine = 1;
  private int start = -1;
  private int end;

  private SystemdReader(String text, boolean joinsComments) {
    this.text = text;
    this.joinsComments = joinsComments;
  }

  static List<Assignment> read(String text, boolean joinsComments) {
    return new SystemdReader(text, joinsComments).run();
  }

  private List<Assignment> run() {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      step(c, i);
      if (c == '\n') {
        line++;
      }
    }
    switch (state) {
      case BEFORE_VALUE, VALUE, VALUE_ESCAPE, SINGLE, DOUBLE, DOUBLE_ESCAPE -> push(text.length());
      default -> {}
    }
    return found;
  }

  private void step(char c, int at) {
    switch (state) {
      case BEFORE_NAME -> {
        if (c == '#' || c == ';') {
          state = State.COMMENT;
        } else if (!isSpace(c)) {
          name.setLength(0);
          name.append(c);
          nameLine = line;
          state = State.NAME;
        }
      }
      case NAME -> {
        if (isLineEnd(c)) {
          state = State.BEFORE_NAME;
        } else if (c == '=') {
          value.setLength(0);
          kept = 0;
          start = -1;
          end = at + 1;
          state = State.BEFORE_VALUE;
        } else {
          name.append(c);
        }
      }
      case BEFORE_VALUE -> beforeValue(c, at);
      case VALUE -> {
        if (isLineEnd(c)) {
          push(at);
        } else if (c == '\\') {
          state = State.VALUE_ESCAPE;
          touch(at);
        } else {
          append(c, at, !isSpace(c));
        }
      }
      case VALUE_ESCAPE -> {
        state = State.VALUE;
        if (isLineEnd(c)) {
          touch(at);
        } else {
          append(c, at, true);
        }
      }
      case SINGLE -> {
        if (c == '\'') {
          state = State.BEFORE_VALUE;
          touch(at);
        } else {
          append(c, at, true);
        }
      }
      case DOUBLE -> {
        if (c == '"') {
          state = State.BEFORE_VALUE;
          touch(at);
        } else if (c == '\\') {
          state = State.DOUBLE_ESCAPE;
        } else {
          append(c, at, true);
        }
      }
      case DOUBLE_ESCAPE -> {
        state = State.DOUBLE;
        if (UNESCAPED_IN_QUOTES.indexOf(c) >= 0) {
          append(c, at, true);
        } else if (c != '\n') {
          append('\\', at, true);
          append(c, at, true);
        }
      }
      case COMMENT -> {
        if (c == '\\') {
          state = State.COMMENT_ESCAPE;
        } else if (isLineEnd(c)) {
          state = State.BEFORE_NAME;
        }
      }
      case COMMENT_ESCAPE ->
          state = isLineEnd(c) && !joinsComments ? State.BEFORE_NAME : State.COMMENT;
    }
  }

  private void beforeValue(char c, int at) {
    if (isLineEnd(c)) {
      push(at);
      return;
    }
    switch (c) {
      case '\'' -> state = State.SINGLE;
      case '"' -> state = State.DOUBLE;
      case '\\' -> state = State.VALUE_ESCAPE;
      default -> {
        if (isSpace(c)) {
          return;
        }
        state = State.VALUE;
        append(c, at, true);
        return;
      }
    }
    touch(at);
  }

  private void append(char c, int at, boolean counts) {
    value.append(c);
    if (counts) {
      kept = value.length();
      touch(at);
    }
  }

  /** The raw value reaches to here. */
  private void touch(int at) {
    if (start < 0) {
      start = at;
    }
    end = at + 1;
  }

  private void push(int at) {
    String key = name.toString().stripTrailing();
    int from = start < 0 ? end : start;
    if (key.matches("[A-Za-z_][A-Za-z0-9_]*")) {
      found.add(
          new Assignment(
              key,
              state == State.VALUE ? value.substring(0, kept) : value.toString(),
              from,
              Math.min(end, at),
              false,
              nameLine));
    }
    state = State.BEFORE_NAME;
  }

  private static boolean isLineEnd(char c) {
    return c == '\n' || c == '\r';
  }

  private static boolean isSpace(char c) {
    return c == ' ' || c == '\t' || isLineEnd(c);
  }
}
