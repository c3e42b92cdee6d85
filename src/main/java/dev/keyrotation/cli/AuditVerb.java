package dev.keyrotation.cli;

import dev.keyrotation.audit.AuditChain;
import java.util.List;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Works on the audit itself. */
@Command(
    name = "audit",
    description = "Work on the audit.",
    mixinStandardHelpOptions = true,
    subcommands = {AuditVerb.Verify.class, AuditVerb.Print.class})
final class AuditVerb implements Runnable {
  @Spec
  @SuppressWarnings("NullAway.Init") // picocli sets it
  CommandSpec spec;

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "Name what to do: verify or print.");
  }

  @Command(
      name = "verify",
      description = "Check that no line of the audit was changed, removed, added or moved.")
  static final class Verify extends Verb {
    @Override
    int run(Backend backend) {
      List<String> lines = backend.audit();
      AuditChain.Check check = AuditChain.check(lines);
      List<String> missing =
          check instanceof AuditChain.Check.Intact ? backend.missingIn(lines) : List.of();
      if (!missing.isEmpty()) {
        throw new CommandFailure(
            ExitCode.FINDINGS,
            "The chain is intact, and lines are missing at its end or have not been written yet:\n"
                + missing.stream().map(m -> "  - " + m).collect(Collectors.joining("\n")));
      }
      output.print(out(), check, () -> text(check, backend));
      return check instanceof AuditChain.Check.Intact
          ? ExitCode.SUCCEEDED.code()
          : ExitCode.FINDINGS.code();
    }

    private static String text(AuditChain.Check check, Backend backend) {
      return switch (check) {
        case AuditChain.Check.Intact(long lines, long first, String head) ->
            lines
                + " lines, from number "
                + first
                + " on, are as they were written. The last hash is "
                + head
                + "; compare it with one that was noted elsewhere.";
        case AuditChain.Check.Broken(long line, String why) ->
            backend.auditLine(line) + " is the first that cannot be trusted: " + why + ".";
      };
    }
  }

  @Command(name = "print", description = "Print the lines of the audit.")
  static final class Print extends Verb {
    @Override
    int run(Backend backend) {
      backend.audit().forEach(out()::println);
      out().flush();
      return ExitCode.SUCCEEDED.code();
    }
  }
}
