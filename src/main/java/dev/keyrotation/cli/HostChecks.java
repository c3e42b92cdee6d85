package dev.keyrotation.cli;

import dev.keyrotation.audit.AuditChain;
import dev.keyrotation.cli.Backend.Check;
import dev.keyrotation.cli.Backend.Outcome;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** What a rotation needs of this machine, beyond what preflight reads. */
final class HostChecks {
  private static final int JAVA = 25;
  private static final long ENOUGH = 64L << 20;

  private HostChecks() {}

  static List<Check> of(StateDirectory directory) {
    List<Check> checks = new ArrayList<>();
    int version = Runtime.version().feature();
    checks.add(
        version >= JAVA
            ? new Check("Java", Outcome.OK, version + "")
            : new Check("Java", Outcome.PROBLEM, version + " is too old; " + JAVA + " is needed"));
    checks.addAll(stateDirectory(directory));
    return checks;
  }

  /** The path itself, or the nearest directory above it that exists; the root always does. */
  private static Path nearest(Path path) {
    Path above = path.getParent();
    return Files.exists(path) || above == null ? path : nearest(above);
  }

  private static List<Check> stateDirectory(StateDirectory directory) {
    String subject = "state directory";
    Path path = directory.path();
    List<Check> checks = new ArrayList<>();
    try {
      boolean there = Files.exists(path);
      if (there) {
        checks.add(
            directory
                .problem()
                .map(problem -> new Check(subject, Outcome.PROBLEM, problem))
                .orElseGet(() -> new Check(subject, Outcome.OK, path + ", for its owner alone")));
      }
      Path existing = nearest(path.toAbsolutePath());
      if (!Files.isWritable(existing)) {
        checks.add(
            new Check(
                subject,
                Outcome.PROBLEM,
                existing + " cannot be written by user " + System.getProperty("user.name")));
      } else if (!there) {
        checks.add(new Check(subject, Outcome.OK, path + " will be made by the first run"));
      }
      long free = Files.getFileStore(existing).getUsableSpace();
      checks.add(
          free >= ENOUGH
              ? new Check("space", Outcome.OK, (free >> 20) + " MiB free at " + existing)
              : new Check(
                  "space",
                  Outcome.PROBLEM,
                  "only " + (free >> 20) + " MiB free at " + existing + "; make room"));
      checks.addAll(audit(directory));
    } catch (IOException e) {
      checks.add(new Check(subject, Outcome.PROBLEM, path + ": " + IoWords.of(e)));
    }
    return checks;
  }

  private static List<Check> audit(StateDirectory directory) throws IOException {
    List<String> lines = directory.audit().lines();
    return switch (AuditChain.check(lines)) {
      case AuditChain.Check.Intact intact ->
          lines.isEmpty()
              ? List.of()
              : List.of(new Check("audit", Outcome.OK, intact.lines() + " lines, intact"));
      case AuditChain.Check.Broken(long line, String why) ->
          List.of(new Check("audit", Outcome.PROBLEM, "line " + line + ": " + why));
    };
  }
}
