package dev.keyrotation.envfile;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * An environment file in which values can be exchanged. Pure and immutable. Whatever is not a value
 * that is exchanged stays, byte for byte: the text is the bytes as Latin-1.
 */
final class EnvironmentFile {
  private final String text;
  private final List<Assignment> systemd;
  private final List<Assignment> joined;
  private final ShellReader.Result shell;

  private EnvironmentFile(String text) {
    this.text = text;
    this.systemd = SystemdReader.read(text, false);
    this.joined = SystemdReader.read(text, true);
    this.shell = ShellReader.read(text);
  }

  static EnvironmentFile of(byte[] bytes) {
    return new EnvironmentFile(new String(bytes, StandardCharsets.ISO_8859_1));
  }

  byte[] bytes() {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }

  /** Lines that are more than plain assignments and comments, for a shell. */
  Collection<Integer> commands() {
    return shell.commands();
  }

  /** Whether every quote is closed. */
  boolean complete() {
    return shell.complete();
  }

  /** What {@code reader} takes a variable to be. */
  Lookup lookup(String name, Reader reader) {
    List<Assignment> bySystemd = named(systemd, name);
    List<Assignment> byShell = named(shell.assignments(), name);
    if (reader != Reader.SHELL && !bySystemd.equals(named(joined, name))) {
      return new Lookup.Unclear(
          "follows a comment that ends in a backslash, which systemd joins with the next line or not, depending on"
              + " its version. Remove that backslash");
    }
    Assignment first = bySystemd.isEmpty() ? null : bySystemd.getLast();
    Assignment second = byShell.isEmpty() ? null : byShell.getLast();
    List<Integer> lines =
        Stream.of(bySystemd, byShell)
            .flatMap(List::stream)
            .map(Assignment::line)
            .distinct()
            .sorted()
            .toList();
    return switch (reader) {
      case SYSTEMD -> only(first, true, false, lines);
      case SHELL -> only(second, false, true, lines);
      case EITHER -> either(first, second, lines);
    };
  }

  private static Lookup only(
      @Nullable Assignment found, boolean systemd, boolean shell, List<Integer> lines) {
    if (found == null) {
      return new Lookup.Absent();
    }
    String value = found.value();
    return value == null ? unknown(found) : new Lookup.Value(value, systemd, shell, lines);
  }

  private static Lookup unknown(Assignment found) {
    return new Lookup.Unclear(
        "is computed in line " + found.line() + ". Write the value itself there, in single quotes");
  }

  private static Lookup either(
      @Nullable Assignment systemd, @Nullable Assignment shell, List<Integer> lines) {
    if (systemd == null || shell == null) {
      return only(systemd == null ? shell : systemd, systemd != null, shell != null, lines);
    }
    String one = Objects.requireNonNull(systemd.value());
    String other = shell.value();
    if (one.equals(other)) {
      return new Lookup.Value(one, true, true, lines);
    }
    if (other != null && other.equals(one + "\r")) {
      return new Lookup.Value(one, true, false, lines);
    }
    return new Lookup.Disputed(
        systemd.line() == shell.line()
            ? "is read otherwise by a shell than by systemd, which knows no comment behind a value and no"
                + " substitution (line "
                + systemd.line()
                + ")"
            : "is set by line "
                + systemd.line()
                + " for systemd and by line "
                + shell.line()
                + " for a shell");
  }

  private static List<Assignment> named(List<Assignment> all, String name) {
    return all.stream().filter(assignment -> assignment.name().equals(name)).toList();
  }

  /** Other variables that hold {@code value}, for either reader. */
  Set<String> holders(String value, Set<String> except) {
    Set<String> names = new TreeSet<>();
    Stream.of(systemd, shell.assignments())
        .flatMap(List::stream)
        .filter(assignment -> value.equals(assignment.value()))
        .filter(assignment -> !except.contains(assignment.name()))
        .forEach(assignment -> names.add(assignment.name()));
    return names;
  }

  /** Lines of comments that hold {@code value}. */
  List<Integer> commentsWith(String value) {
    List<Integer> lines = new ArrayList<>();
    List<String> all = Arrays.asList(text.split("\n", -1));
    for (int i = 0; i < all.size(); i++) {
      String line = all.get(i);
      int mark = line.indexOf('#');
      if (value.length() >= 8 && mark >= 0 && line.indexOf(value, mark) >= 0) {
        lines.add(i + 1);
      }
    }
    return lines;
  }

  /**
   * The file with another value of a variable, in every assignment that holds the value which
   * counts now: an earlier duplicate with the old key would be a left-over secret.
   *
   * @param value bytes as Latin-1
   */
  EnvironmentFile with(String name, String value, Reader reader) {
    if (!(lookup(name, reader) instanceof Lookup.Value present)) {
      return appended(name, value);
    }
    TreeMap<Integer, Integer> ranges = new TreeMap<>();
    for (Assignment assignment : concerned(name, reader)) {
      String old = assignment.value();
      if (old != null && (old.equals(present.value()) || old.equals(present.value() + "\r"))) {
        ranges.merge(assignment.start(), assignment.end(), Math::min);
      }
    }
    StringBuilder result = new StringBuilder(text);
    ranges
        .descendingMap()
        .forEach(
            (start, end) ->
                result.replace(start, end, Quoting.like(text.substring(start, end), value)));
    return new EnvironmentFile(result.toString());
  }

  private List<Assignment> concerned(String name, Reader reader) {
    List<Assignment> found = new ArrayList<>();
    if (reader != Reader.SHELL) {
      found.addAll(named(systemd, name));
    }
    if (reader != Reader.SYSTEMD) {
      found.addAll(named(shell.assignments(), name));
    }
    return found;
  }

  /** As a new last line, in the form of the others. */
  private EnvironmentFile appended(String name, String value) {
    boolean exports =
        !shell.assignments().isEmpty()
            && shell.assignments().stream().allMatch(Assignment::exported);
    String line = (exports ? "export " : "") + name + "=" + Quoting.like("", value);
    boolean closed = text.isEmpty() || text.endsWith("\n");
    return new EnvironmentFile(closed ? text + line + lineEnd() : text + lineEnd() + line);
  }

  private String lineEnd() {
    int first = text.indexOf('\n');
    return first > 0 && text.charAt(first - 1) == '\r' ? "\r\n" : "\n";
  }

  /** The file without a variable; null when a line that sets it holds something else too. */
  @Nullable EnvironmentFile without(String name, Reader reader) {
    EnvironmentFile file = this;
    while (true) {
      List<Assignment> left = file.concerned(name, reader);
      if (left.isEmpty()) {
        return file;
      }
      EnvironmentFile shorter = file.withoutLine(left.getLast());
      if (shorter == null) {
        return null;
      }
      file = shorter;
    }
  }

  private @Nullable EnvironmentFile withoutLine(Assignment assignment) {
    int from = text.lastIndexOf('\n', assignment.start() - 1) + 1;
    int newline = text.indexOf('\n', assignment.end());
    int to = newline < 0 ? text.length() : newline;
    boolean alone =
        text.substring(from, assignment.start())
                .matches("[ \\t]*(export[ \\t]+)?" + assignment.name() + "[ \\t]*=[ \\t]*")
            && text.substring(assignment.end(), to).isBlank();
    if (!alone) {
      return null;
    }
    if (newline >= 0) {
      return new EnvironmentFile(text.substring(0, from) + text.substring(newline + 1));
    }
    String before = text.substring(0, from);
    int cut = before.endsWith("\r\n") ? 2 : before.endsWith("\n") ? 1 : 0;
    return new EnvironmentFile(before.substring(0, before.length() - cut));
  }

  /** Whether both files set the same variables to the same values but for those named. */
  boolean differsOnlyIn(Set<String> names, EnvironmentFile other) {
    return rest(systemd, names).equals(rest(other.systemd, names))
        && rest(shell.assignments(), names).equals(rest(other.shell.assignments(), names));
  }

  private static List<List<@Nullable String>> rest(List<Assignment> all, Set<String> names) {
    return all.stream()
        .filter(assignment -> !names.contains(assignment.name()))
        .map(assignment -> Arrays.<@Nullable String>asList(assignment.name(), assignment.value()))
        .toList();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof EnvironmentFile file && text.equals(file.text);
  }

  @Override
  public int hashCode() {
    return text.hashCode();
  }

  /** Without its content. */
  @Override
  public String toString() {
    return "EnvironmentFile[" + text.length() + " bytes]";
  }
}
