package dev.keyrotation.cli;

import dev.keyrotation.audit.AuditChain;
import dev.keyrotation.audit.AuditRecord;
import dev.keyrotation.audit.AuditReport;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Prints what an auditor asks for. */
@Command(
    name = "report",
    description = "Print a report of one rotation from the audit, for an auditor.")
final class ReportVerb extends Verb {
  @Option(
      names = "--rotation",
      paramLabel = "ID",
      description = "The rotation, as `history` shows it; default: the last one in the audit.")
  @Nullable String rotation;

  @Option(names = "--markdown", description = "As Markdown.")
  boolean markdown;

  @Override
  int run(Backend backend) {
    List<String> lines = backend.audit();
    AuditChain.Check check = AuditChain.check(lines);
    if (check instanceof AuditChain.Check.Broken(long line, String why)) {
      throw new CommandFailure(
          ExitCode.FINDINGS,
          backend.auditLine(line)
              + " of the audit is the first that cannot be trusted: "
              + why
              + ". No report is made.");
    }
    List<AuditRecord> records = lines.stream().map(AuditChain::read).toList();
    String id = rotation == null ? last(records) : rotation;
    List<AuditRecord> mine =
        records.stream().filter(record -> id.equals(record.entry().rotation())).toList();
    if (mine.isEmpty()) {
      throw new CommandFailure(
          ExitCode.BAD_INPUT, "The audit tells nothing of rotation " + id + ".");
    }
    output.print(
        out(),
        mine,
        () ->
            markdown
                ? AuditReport.markdown(mine, (AuditChain.Check.Intact) check)
                : AuditReport.text(mine, (AuditChain.Check.Intact) check));
    return ExitCode.SUCCEEDED.code();
  }

  private static String last(List<AuditRecord> records) {
    return records.reversed().stream()
        .map(record -> record.entry().rotation())
        .filter(java.util.Objects::nonNull)
        .findFirst()
        .orElseThrow(
            () -> new CommandFailure(ExitCode.BAD_INPUT, "The audit tells of no rotation yet."));
  }
}
