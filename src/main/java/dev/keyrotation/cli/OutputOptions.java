package dev.keyrotation.cli;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.keyrotation.api.v1alpha1.KeyRotationStatus;
import dev.keyrotation.plan.Statuses;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** How results are printed. */
final class OutputOptions {
  enum Format {
    text,
    json,
    yaml
  }

  @Option(
      names = {"-o", "--output"},
      paramLabel = "FORMAT",
      defaultValue = "text",
      description = "${COMPLETION-CANDIDATES}; default: ${DEFAULT-VALUE}.")
  Format format = Format.text;

  /** What scripts get from the verbs that end in a result. */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  record ResultDocument(
      String result, int exitCode, String message, @Nullable KeyRotationStatus status) {}

  /** What scripts get from {@code verify} and {@code doctor}. */
  record ChecksDocument(String result, int exitCode, List<Backend.Check> checks) {}

  void print(PrintWriter out, Object document, Supplier<String> text) {
    out.println(
        switch (format) {
          case text -> text.get();
          case json -> Resources.json(document);
          case yaml -> Resources.yaml(document);
        });
    out.flush();
  }

  int print(PrintWriter out, Result result, Supplier<String> text) {
    print(
        out,
        new ResultDocument(
            result.exitCode().name(),
            result.exitCode().code(),
            result.sentence(),
            Statuses.of(result.resource())),
        text);
    return result.exitCode().code();
  }

  int print(PrintWriter out, List<Backend.Check> checks) {
    ExitCode code = code(checks);
    print(out, new ChecksDocument(code.name(), code.code(), checks), () -> text(checks));
    return code.code();
  }

  private static ExitCode code(List<Backend.Check> checks) {
    if (checks.stream().anyMatch(c -> c.outcome() == Backend.Outcome.PROBLEM)) {
      return ExitCode.FINDINGS;
    }
    return checks.stream().anyMatch(c -> c.outcome() == Backend.Outcome.UNCLEAR)
        ? ExitCode.STALLED
        : ExitCode.SUCCEEDED;
  }

  private static String text(List<Backend.Check> checks) {
    List<List<String>> rows = new ArrayList<>();
    checks.forEach(c -> rows.add(List.of(c.outcome().word(), c.subject(), c.message())));
    return Texts.table(rows);
  }
}
