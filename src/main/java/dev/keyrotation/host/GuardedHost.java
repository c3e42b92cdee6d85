package dev.keyrotation.host;

import java.util.List;
import java.util.stream.Stream;

/** A host seen in one epoch: each change of it compares the mark first, in the same command. */
final class GuardedHost extends ShellHost {
  private static final String OURS =
      """
      mark=$1; epoch=$2; shift 2
      ours() { # keeps the lock until the script ends: nobody takes over before
        lock "$mark"
        found=$(readlink -- "$mark") || found=
        [ "$found" = "$epoch" ] || { printf '%s' "$found"; exit 91; }
      }
      """;

  private final ShellHost host;
  private final EpochMark mark;

  GuardedHost(ShellHost host, EpochMark mark) {
    this.host = host;
    this.mark = mark;
  }

  @Override
  public String name() {
    return host.name();
  }

  @Override
  public Output run(List<String> argv, byte[] stdin) {
    return host.run(argv, stdin);
  }

  @Override
  public Output script(
      String doing, String script, List<String> arguments, byte[] stdin, int... alsoFine) {
    List<String> all =
        Stream.concat(Stream.of(mark.path(), mark.target()), arguments.stream()).toList();
    return checked(doing, mark.what(), OURS + script, all, stdin, alsoFine);
  }
}
