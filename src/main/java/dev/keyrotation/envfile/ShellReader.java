package dev.keyrotation.envfile;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Reads a file as a POSIX shell does that sources it, as far as it consists of plain assignments.
 * Whatever else a line holds is not run: its number is kept, and a value that needs a substitution
 * is unknown.
 */
final class ShellReader {
  private static final String META = ";&|<>()";

  private final String text;
  private final List<Assignment> found = new ArrayList<>();
  private final Set<Integer> commands = new TreeSet<>();
  private final Set<String> exportedLater = new TreeSet<>();
  private int at;
  private int line = 1;

  private ShellReader(String text) {
    this.text = text;
  }

  /**
   * What a shell finds.
   *
   * @param assignments in the order of the file
   * @param commands lines that are no plain assignment
   * @param exports variables that a line {@code export NAME} names
   * @param complete false when a quote is not closed
   */
  record Result(
      List<Assignment> assignments, Set<Integer> commands, Set<String> exports, boolean complete) {}

  static Result read(String text) {
    ShellReader reader = new ShellReader(text);
    boolean complete = reader.run();
    return new Result(reader.found, reader.commands, reader.exportedLater, complete);
  }

  /** False when a quote is not closed. */
  private boolean run() {
    boolean begins = true; // an assignment may stand here
    boolean exporting = false;
    while (at < text.length()) {
      char c = text.charAt(at);
      if (c == '\n') {
        line++;
        at++;
        begins = true;
        exporting = false;
      } else if (c == ' ' || c == '\t') {
        at++;
      } else if (c == '\\' && peek(1) == '\n') {
        line++;
        at += 2;
      } else if (c == '#') {
        skipComment();
      } else if (c == ';') {
        at++;
        begins = true;
        exporting = false;
      } else if (META.indexOf(c) >= 0) {
        commands.add(line);
        at++;
        begins = true;
        exporting = false;
      } else {
        int wordLine = line;
        Word word = word();
        if (word == null) {
          return false;
        }
        if (!begins) {
          commands.add(wordLine);
        } else if (word.isName() && !exporting && "export".equals(word.value)) {
          exporting = true;
        } else if (word.equals > 0) {
          found.add(
              new Assignment(
                  text.substring(word.from, word.equals),
                  word.valueAfterEquals(),
                  word.equals + 1,
                  word.to,
                  exporting,
                  wordLine));
        } else if (exporting && word.isName()) {
          exportedLater.add(word.literal());
        } else {
          commands.add(wordLine);
          dropAssignmentsBefore(wordLine);
          begins = false;
        }
      }
    }
    return true;
  }

  /** {@code NAME=value command} sets the variable for that command alone. */
  private void dropAssignmentsBefore(int wordLine) {
    while (!found.isEmpty()
        && found.getLast().line() == wordLine
        && !found.getLast().exported()
        && text.substring(found.getLast().end(), at).indexOf(';') < 0
        && text.substring(found.getLast().end(), at).indexOf('\n') < 0) {
      found.removeLast();
    }
  }

  private void skipComment() {
    while (at < text.length() && text.charAt(at) != '\n') {
      at++;
    }
  }

  private char peek(int ahead) {
    return at + ahead < text.length() ? text.charAt(at + ahead) : '\0';
  }

  /** One word, from here to white space or an operator; null when a quote is not closed. */
  private @Nullable Word word() {
    Word word = new Word(at);
    while (at < text.length()) {
      char c = text.charAt(at);
      if (c == ' ' || c == '\t' || c == '\n' || META.indexOf(c) >= 0) {
        break;
      }
      switch (c) {
        case '\'' -> {
          int close = text.indexOf('\'', at + 1);
          if (close < 0) {
            return null;
          }
          word.add(text.substring(at + 1, close), true);
          countLines(at, close);
          at = close + 1;
        }
        case '"' -> {
          if (!doubleQuoted(word)) {
            return null;
          }
        }
        case '\\' -> {
          if (at + 1 == text.length()) {
            word.add("\\", true);
            at++;
          } else {
            if (peek(1) == '\n') {
              line++;
            } else {
              word.add(String.valueOf(peek(1)), true);
            }
            at += 2;
          }
        }
        case '$', '`' -> {
          word.known = word.known && c == '$' && !startsSubstitution(peek(1));
          word.add(String.valueOf(c), true);
          at++;
        }
        default -> {
          if (c == '=' && word.equals < 0 && isVariable(text.substring(word.from, at))) {
            word.equals = at;
            word.valueFrom = word.text.length() + 1;
          }
          word.known = word.known && !(c == '~' && isTildePlace(word));
          word.add(String.valueOf(c), false);
          at++;
        }
      }
    }
    word.to = at;
    word.finish(text);
    return word;
  }

  /** A tilde is expanded at the beginning of a value and after a colon in it. */
  private boolean isTildePlace(Word word) {
    return at == word.from || at == word.equals + 1 || text.charAt(at - 1) == ':';
  }

  private boolean doubleQuoted(Word word) {
    at++;
    while (at < text.length()) {
      char c = text.charAt(at);
      if (c == '"') {
        at++;
        word.quoted = true;
        return true;
      }
      if (c == '\\' && "$`\"\\\n".indexOf(peek(1)) >= 0 && at + 1 < text.length()) {
        if (peek(1) == '\n') {
          line++;
        } else {
          word.add(String.valueOf(peek(1)), true);
        }
        at += 2;
        continue;
      }
      if (c == '`'
          || (c == '$' && startsSubstitution(peek(1)) && peek(1) != '\'' && peek(1) != '"')) {
        word.known = false;
      }
      if (c == '\n') {
        line++;
      }
      word.add(String.valueOf(c), true);
      at++;
    }
    return false;
  }

  /** Bash also takes {@code $'..'} and {@code $".."}. */
  private static boolean startsSubstitution(char next) {
    return Character.isLetterOrDigit(next) || "_{(*@#?$!-'\"".indexOf(next) >= 0;
  }

  private void countLines(int from, int to) {
    for (int i = from; i < to; i++) {
      if (text.charAt(i) == '\n') {
        line++;
      }
    }
  }

  private static boolean isVariable(String word) {
    return word.matches("[A-Za-z_][A-Za-z0-9_]*");
  }

  /** A word while it is read. */
  private static final class Word {
    private final int from;
    private int to;
    private int equals = -1;
    private int valueFrom;
    private boolean known = true;
    private boolean quoted;
    private final StringBuilder text = new StringBuilder();
    private String value = "";

    Word(int from) {
      this.from = from;
    }

    void add(String part, boolean literal) {
      text.append(part);
      quoted |= literal;
    }

    void finish(String source) {
      value = source.substring(from, to);
    }

    boolean isName() {
      return !quoted && isVariable(value);
    }

    String literal() {
      return value;
    }

    @Nullable String valueAfterEquals() {
      return known ? text.substring(valueFrom) : null;
    }
  }
}
