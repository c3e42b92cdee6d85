package dev.keyrotation.cli;

import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Prints what a database role of its own has to be allowed. */
@Command(
    name = "grants",
    description = {
      "Print the SQL that lets a database role of its own rotate, and nothing else; change"
          + " nothing.",
      "It is read off the database that the resource names. Make the role, then let an"
          + " administrator of the database run the statements."
    })
final class GrantsVerb extends Verb {
  @Option(
      names = "--role",
      paramLabel = "ROLE",
      defaultValue = "keyrotation",
      description = "Name of the role; default: ${DEFAULT-VALUE}.")
  String role = "keyrotation";

  @Option(
      names = "--fence",
      description =
          "With the fence, which needs membership in the owner of LiteLLM's tables: all rights on"
              + " them. Without it a rotation of values takes Drain.")
  boolean fence;

  @Override
  int run(Backend backend) {
    List<String> statements = backend.grants(role, fence);
    output.print(out(), statements, () -> String.join(";\n", statements) + ";");
    return ExitCode.SUCCEEDED.code();
  }
}
