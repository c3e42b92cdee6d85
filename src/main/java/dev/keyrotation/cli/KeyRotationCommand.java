package dev.keyrotation.cli;

import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The command without a verb: it only shows its help. */
@Command(
    name = "keyrotation",
    description = "Rotates the master key and the salt key of LiteLLM without losing a value.",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    subcommands = {
      Verbs.Plan.class,
      Verbs.Run.class,
      Verbs.StatusVerb.class,
      Verbs.RollBack.class,
      Verbs.Verify.class,
      Verbs.History.class,
      Verbs.Doctor.class,
      GrantsVerb.class,
      ReportVerb.class,
      AuditVerb.class,
      AutoComplete.GenerateCompletion.class,
    },
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:done, or nothing to do",
      "1:fault of the command",
      "2:wrong option or resource; nothing was changed",
      "3:findings; nothing was changed",
      "4:the rotation ended on the old keys",
      "5:it needs a person, or cannot be known",
      "6:another process works on the same state directory",
      "7:stopped in mid-rotation; run goes on"
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  keyrotation plan -f keyrotation.yaml        what a rotation would do here",
      "  keyrotation run -f keyrotation.yaml         rotate on this host",
      "  kubectl keyrotation run -n ai litellm       rotate in a cluster"
    })
final class KeyRotationCommand implements Runnable {
  @Spec
  @SuppressWarnings("NullAway.Init") // picocli sets it
  CommandSpec spec;

  private final HostEngines engines;
  private final Stop stop;

  KeyRotationCommand(HostEngines engines, Stop stop) {
    this.engines = engines;
    this.stop = stop;
  }

  HostEngines engines() {
    return engines;
  }

  Stop stop() {
    return stop;
  }

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "Name a verb.");
  }

  /** The command line with its handling of failures: a sentence and an exit code, no stack. */
  static CommandLine commandLine(HostEngines engines, Stop stop) {
    CommandLine line = new CommandLine(new KeyRotationCommand(engines, stop));
    line.setExecutionExceptionHandler(
        (failure, where, parsed) -> Failures.tell(failure, where.getErr()).code());
    line.setCaseInsensitiveEnumValuesAllowed(true);
    return line;
  }
}
