package dev.keyrotation.host;

import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.api.v1alpha1.Epoch;
import dev.keyrotation.failure.Recovery;
import dev.keyrotation.failure.RotationException;
import dev.keyrotation.failure.SupersededException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * Files by commands that every host with systemd has (GNU coreutils, findutils, a POSIX shell), so
 * that they are handled alike on this host, over SSH and under sudo, and so that tests on one show
 * what happens on the other. SFTP can neither keep an owner under sudo nor flush a directory.
 *
 * <p>Content goes by standard input. A broken connection looks like its end there, so each script
 * is told the length and does nothing when less arrives.
 */
abstract class ShellHost implements Host {
  private static final int MOST_BYTES = 1 << 20;

  private static final int BUSY = 90;
  private static final int SUPERSEDED = 91;
  private static final int NO_FILE = 92;
  private static final int MISSING = 93;
  private static final int EXISTS = 94;
  private static final int CUT_SHORT = 95;
  private static final int OWNER_LOST = 96;
  private static final int CHANGED = 97;

  /**
   * Before every script. One lock for all that is marked on a host, since a host has few such
   * things and no command holds it for long. It is taken after all input has come: a connection
   * that hangs holds up nobody.
   */
  private static final String LOCK =
      """
      lock() { # MARK
        if [ -w /run ]; then exec 9>>/run/keyrotation.lock; else exec 9<"$(dirname -- "$1")"; fi
        flock -w 20 9 || exit 90
      }
      """;

  /** What a script calls before it changes something, when nothing is compared. */
  private static final String ANYBODY =
      """
      ours() { :; }
      """;

  /** {@code $1} path of the mark, {@code $2} the mark, {@code $3} its number. */
  private static final String CLAIM =
      """
      set -eu
      umask 077
      LC_ALL=C; export LC_ALL
      d=$(dirname -- "$1")
      [ -d "$d" ] || mkdir -p -m 755 -- "$d"
      lock "$1"
      found=$(readlink -- "$1") || found=
      [ "$found" != "$2" ] || exit 0
      number=${found%%/*}
      case $number in '' | *[!0-9]*) number=0 ;; esac
      [ "$number" -lt "$3" ] || { printf '%s' "$found"; exit 91; }
      rm -f -- "$1.new"
      ln -s -- "$2" "$1.new"
      mv -fT -- "$1.new" "$1"
      sync -- "$d"
      """;

  private static final String START =
      """
      set -eu
      umask 077
      LC_ALL=C; export LC_ALL
      receive() { # DIRECTORY LENGTH: a temporary file with the input; none is left, also after a kill
        find "$1" -maxdepth 1 -type f -name '.keyrotation-tmp.*' -mmin +10 -delete 2>/dev/null || :
        t=$(mktemp -- "$1/.keyrotation-tmp.XXXXXXXXXX")
        trap 'rm -f -- "$t"' EXIT
        trap 'exit 130' HUP INT TERM
        cat >"$t"
        [ "$(wc -c <"$t")" -eq "$2" ] || exit 95
      }
      version() { stat -c '%i:%s:%y' -- "$1"; }
      """;

  private static final String STAT =
      START
          + """
          f=$(readlink -f -- "$1") || exit 93
          [ -e "$f" ] || exit 93
          [ -f "$f" ] || exit 92
          d=$(dirname -- "$f"); me=$(id -u); w=no
          if [ -w "$d" ] && { [ "$me" = 0 ] || [ "$(stat -c %u -- "$f")" = "$me" ]; }; then w=yes; fi
          stat -c '%u %g %a' -- "$f"
          echo "$w"
          version "$f"
          printf '%s' "$f"
          """;

  private static final String READ =
      START
          + """
          [ -e "$1" ] || exit 93
          head -c "$2" -- "$1"
          """;

  private static final String CREATE =
      START
          + """
          [ ! -e "$1" ] && [ ! -h "$1" ] || exit 94
          d=$(dirname -- "$1")
          receive "$d" "$2"
          [ "$(stat -c '%u %g' -- "$t")" = "$3 $4" ] || chown -- "$3:$4" "$t" || exit 96
          chmod -- "$5" "$t"
          sync -- "$t"
          ours
          ln -T -- "$t" "$1" || { [ ! -e "$1" ] || exit 94; exit 1; }
          sync -- "$d"
          """;

  static final String REPLACE =
      START
          + """
          f=$(readlink -f -- "$1") || exit 93
          [ -f "$f" ] || exit 93
          d=$(dirname -- "$f")
          receive "$d" "$2"
          cp --attributes-only --preserve=mode,ownership,xattr -- "$f" "$t" 2>/dev/null ||
            cp --attributes-only --preserve=mode,ownership -- "$f" "$t"
          [ "$(stat -c '%u %g %a' -- "$f")" = "$(stat -c '%u %g %a' -- "$t")" ] || exit 96
          sync -- "$t"
          ours
          [ "$(version "$f")" = "$3" ] || exit 97
          mv -fT -- "$t" "$f"
          sync -- "$d"
          """;

  private static final String PUT =
      START
          + """
          d=$(dirname -- "$1")
          [ -d "$d" ] || mkdir -p -m 755 -- "$d"
          receive "$d" "$2"
          chmod -- "$3" "$t"
          sync -- "$t"
          ours
          mv -fT -- "$t" "$1"
          sync -- "$d"
          """;

  private static final String REMOVE =
      START
          + """
          [ -e "$1" ] || [ -h "$1" ] || exit 0
          ours
          rm -f -- "$1"
          sync -- "$(dirname -- "$1")"
          """;

  private static final String LIST =
      START
          + """
          [ -d "$1" ] || exit 0
          ls -A1 -- "$1"
          """;

  @Override
  public final Optional<FileStat> stat(String path) {
    Output output = script("look at " + path, STAT, List.of(path), new byte[0], MISSING);
    if (output.exit() == MISSING) {
      return Optional.empty();
    }
    String[] lines = output.text().split("\n", 4);
    String[] numbers = lines[0].split(" ");
    return Optional.of(
        new FileStat(
            lines[3],
            Integer.parseUnsignedInt(numbers[0]),
            Integer.parseUnsignedInt(numbers[1]),
            Integer.parseInt(numbers[2], 8),
            lines[1].equals("yes"),
            lines[2]));
  }

  @Override
  public final Optional<byte[]> read(String path) {
    Output output =
        script(
            "read " + path,
            READ,
            List.of(path, Integer.toString(MOST_BYTES + 1)),
            new byte[0],
            MISSING);
    if (output.exit() == MISSING) {
      return Optional.empty();
    }
    if (output.out().length > MOST_BYTES) {
      throw failed("read " + path, "it is larger than a MiB");
    }
    return Optional.of(output.out());
  }

  @Override
  public final boolean create(String path, byte[] content, FileStat like) {
    return script(
                "create " + path,
                CREATE,
                List.of(
                    path,
                    Integer.toString(content.length),
                    Integer.toUnsignedString(like.uid()),
                    Integer.toUnsignedString(like.gid()),
                    "600"),
                content,
                EXISTS)
            .exit()
        != EXISTS;
  }

  @Override
  public final void replace(FileStat file, byte[] content) {
    script(
        "replace " + file.path(),
        REPLACE,
        List.of(file.path(), Integer.toString(content.length), file.version()),
        content);
  }

  @Override
  public final void put(String path, byte[] content, String mode) {
    script("write " + path, PUT, List.of(path, Integer.toString(content.length), mode), content);
  }

  @Override
  public final void remove(String path) {
    script("remove " + path, REMOVE, List.of(path), new byte[0]);
  }

  @Override
  public final List<String> list(String directory) {
    String names =
        script("list " + directory, LIST, List.of(directory), new byte[0]).text().strip();
    return names.isEmpty() ? List.of() : Arrays.stream(names.split("\n")).sorted().toList();
  }

  @Override
  public final void claim(EpochMark mark) {
    Epoch epoch = mark.epoch();
    if (epoch != null) {
      checked(
          "mark " + mark.what(),
          mark.what(),
          CLAIM,
          List.of(mark.path(), mark.target(), Long.toString(epoch.number())),
          new byte[0]);
    }
  }

  @Override
  public final Host under(EpochMark mark) {
    return new GuardedHost(this, mark);
  }

  @Override
  public Output script(
      String doing, String script, List<String> arguments, byte[] stdin, int... alsoFine) {
    return checked(doing, name(), ANYBODY + script, arguments, stdin, alsoFine);
  }

  /** Runs a script that knows whose the change is: it defines {@code ours} or calls it not. */
  final Output checked(
      String doing,
      String what,
      String script,
      List<String> arguments,
      byte[] stdin,
      int... alsoFine) {
    List<String> argv =
        Stream.concat(Stream.of("sh", "-c", LOCK + script, "sh"), arguments.stream()).toList();
    Output output = run(argv, stdin);
    if (output.ok() || Arrays.stream(alsoFine).anyMatch(code -> code == output.exit())) {
      return output;
    }
    if (output.exit() == SUPERSEDED) {
      throw new SupersededException(what + " on " + name(), Epoch.numberOf(output.text()));
    }
    throw failure(doing, output);
  }

  /** What an exit code and the words of coreutils, sudo and systemctl mean. */
  private RotationException failure(String doing, Output output) {
    Function<String, Boolean> says = text -> output.err().contains(text);
    return switch (output.exit()) {
      case BUSY -> failed(doing, "another command of keyrotation is changing this host");
      case NO_FILE -> failed(doing, "it is no regular file");
      case MISSING -> failed(doing, "it does not exist");
      case CUT_SHORT ->
          new RotationException(
              ConditionReason.HOST_UNREACHABLE,
              Recovery.RETRY,
              "The connection to " + name() + " broke before all was sent; nothing was changed.");
      case OWNER_LOST ->
          denied(
              doing, "its owner, group or mode could not be kept; log in as its owner or as root");
      case CHANGED -> failed(doing, "somebody else changed it at the same time");
      default -> {
        if (says.apply("a password is required") || says.apply("a terminal is required")) {
          yield denied(
              doing, "sudo asks for a password; allow the commands with NOPASSWD for this user");
        }
        if (says.apply("Permission denied")
            || says.apply("Operation not permitted")
            || says.apply("Access denied")
            || says.apply("not allowed to execute")
            || says.apply("not in the sudoers")
            || says.apply("authentication required")) {
          yield denied(doing, "permission denied; log in as root or set host.sudo");
        }
        if (says.apply("No space left") || says.apply("quota exceeded")) {
          yield unchanged(doing, "the disk is full");
        }
        if (says.apply("Read-only file system")) {
          yield unchanged(doing, "the file system is read-only");
        }
        yield failed(doing, "exit code " + output.exit());
      }
    };
  }

  /** The state of the host is known, and it may be mended. */
  final RotationException failed(String doing, String why) {
    return new RotationException(
        ConditionReason.HOST_COMMAND_FAILED,
        Recovery.RETRY,
        "Cannot " + doing + " on " + name() + ": " + why + ".");
  }

  /** Nothing was written, and trying again would only prolong a stop. */
  private RotationException unchanged(String doing, String why) {
    return new RotationException(
        ConditionReason.HOST_COMMAND_FAILED,
        Recovery.ROLL_BACK,
        "Cannot " + doing + " on " + name() + ": " + why + ". Nothing was changed.");
  }

  private RotationException denied(String doing, String why) {
    return new RotationException(
        ConditionReason.HOST_ACCESS_DENIED,
        Recovery.HALT,
        "Cannot " + doing + " on " + name() + ": " + why + ".");
  }

  /** The end of what a command wrote to its standard error. */
  static String tail(byte[] err) {
    int from = Math.max(0, err.length - 2_000);
    return new String(err, from, err.length - from, StandardCharsets.UTF_8);
  }
}
