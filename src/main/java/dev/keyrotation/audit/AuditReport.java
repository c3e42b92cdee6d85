package dev.keyrotation.audit;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.keyrotation.api.v1alpha1.DataCounts;
import dev.keyrotation.api.v1alpha1.KeyFingerprints;
import dev.keyrotation.api.v1alpha1.KeyKind;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** What a person hands to an auditor about one rotation. */
public final class AuditReport {
  private static final ObjectMapper WORDS = new ObjectMapper();

  private record Fact(String name, String value) {}

  private AuditReport() {}

  /**
   * As plain text.
   *
   * @param records of one rotation, in their order; not empty
   * @param chain what the check of the whole audit said
   */
  public static String text(List<AuditRecord> records, AuditChain.Check.Intact chain) {
    List<Fact> facts = facts(records, chain);
    int width = facts.stream().mapToInt(fact -> fact.name().length()).max().orElse(0);
    StringBuilder text = new StringBuilder("Key rotation " + id(records) + "\n\n");
    facts.forEach(
        fact ->
            text.append(fact.name())
                .append(" ".repeat(width - fact.name().length() + 2))
                .append(fact.value())
                .append('\n'));
    text.append("\nWhat happened\n\n");
    records.forEach(
        record ->
            text.append(record.time()).append("  ").append(sentence(record.entry())).append('\n'));
    return text.toString().stripTrailing();
  }

  /** As Markdown; see {@link #text}. */
  public static String markdown(List<AuditRecord> records, AuditChain.Check.Intact chain) {
    StringBuilder text =
        new StringBuilder("# Key rotation " + id(records) + "\n\n| | |\n|---|---|\n");
    facts(records, chain)
        .forEach(
            fact ->
                text.append("| ")
                    .append(fact.name())
                    .append(" | ")
                    .append(cell(fact.value()))
                    .append(" |\n"));
    text.append("\n## What happened\n\n| time | line | what |\n|---|---|---|\n");
    records.forEach(
        record ->
            text.append("| ")
                .append(record.time())
                .append(" | ")
                .append(record.seq())
                .append(" | ")
                .append(cell(sentence(record.entry())))
                .append(" |\n"));
    return text.toString().stripTrailing();
  }

  private static String cell(String value) {
    return value.replace("|", "\\|").replace("\n", " ");
  }

  private static String id(List<AuditRecord> records) {
    return Objects.requireNonNull(records.getFirst().entry().rotation());
  }

  private static List<Fact> facts(List<AuditRecord> records, AuditChain.Check.Intact chain) {
    AuditRecord first = records.getFirst();
    AuditEntry begun = first.entry();
    AuditRecord end =
        records.stream()
            .filter(record -> record.entry().event() == AuditEvent.ENDED)
            .reduce((earlier, later) -> later)
            .orElse(null);
    List<Fact> facts = new ArrayList<>();
    facts.add(new Fact("Resource", first.resource()));
    facts.add(new Fact("Keys replaced", kinds(begun.keys())));
    facts.add(new Fact("Made by", begun.actor() == null ? "not known" : begun.actor()));
    facts.add(new Fact("Why", why(begun)));
    facts.add(new Fact("Mode", begun.mode() == null ? "not known" : word(begun.mode())));
    facts.add(new Fact("Began", first.time()));
    facts.add(new Fact("Ended", end == null ? "not yet" : end.time()));
    facts.add(new Fact("Result", end == null ? "open" : word(end.entry().result())));
    facts.add(new Fact("Old keys", fingerprints(begun.oldKeys())));
    facts.add(
        new Fact(
            "New keys",
            fingerprints(
                records.stream()
                    .map(record -> record.entry().newKeys())
                    .filter(Objects::nonNull)
                    .findFirst()
                    .orElse(null))));
    DataCounts data = end == null ? null : end.entry().data();
    if (data != null) {
      facts.add(
          new Fact(
              "Data",
              data.valuesReencrypted()
                  + " values in "
                  + data.rowsChanged()
                  + " rows re-encrypted, "
                  + data.masterKeyRowsMoved()
                  + " master key rows moved or removed"));
    }
    Long gap = end == null ? null : end.entry().unavailableSeconds();
    if (gap != null) {
      facts.add(new Fact("No instance served", "for " + gap + " s"));
    }
    facts.add(
        new Fact(
            "Audit",
            "lines "
                + first.seq()
                + " to "
                + records.getLast().seq()
                + " of "
                + (chain.first() + chain.lines() - 1)
                + ", chain intact, last hash "
                + chain.head()));
    return facts;
  }

  /** A word of the API as the resource writes it. */
  private static String word(@Nullable Object value) {
    return value == null ? "not known" : WORDS.convertValue(value, String.class);
  }

  private static String why(AuditEntry begun) {
    String trigger =
        begun.request() == null
            ? "schedule" + (begun.trigger() == null ? " or not known" : "")
            : "request \"" + begun.request() + "\"";
    return switch (begun.rotationReason()) {
      case COMPROMISED -> trigger + "; somebody else may know the old keys (Compromised)";
      case ROUTINE -> trigger + "; routine";
      case null -> trigger;
    };
  }

  private static String kinds(List<KeyKind> keys) {
    return keys.isEmpty()
        ? "not known"
        : keys.stream()
            .map(kind -> kind == KeyKind.MASTER ? "master key" : "salt key")
            .collect(Collectors.joining(", "));
  }

  private static String fingerprints(@Nullable KeyFingerprints keys) {
    if (keys == null) {
      return "none";
    }
    return "master "
        + keys.master()
        + (keys.salt() == null ? ", no salt key" : ", salt " + keys.salt())
        + " (fingerprints)";
  }

  /** One entry for people. */
  public static String sentence(AuditEntry entry) {
    String what =
        switch (entry.event()) {
          case BEGUN -> "The rotation began.";
          case STEP_BEGUN -> "Step " + word(entry.step()) + " began; the one before it is proven.";
          case ATTEMPT_FAILED -> "An attempt of step " + word(entry.step()) + " failed.";
          case ROLL_BACK_BEGUN -> "The rotation turned back to the old keys.";
          case ENDED -> "The rotation ended: " + word(entry.result()) + ".";
          case SOAK_PROBLEM -> "A check after the rotation found something.";
          case SOAK_PASSED -> "The time after the rotation passed: " + entry.message();
          case RETIRED -> "The replaced keys and the copied ciphertext were removed.";
          case STATUS_REBUILT -> "The status was lost and rebuilt from what is in the world.";
          case BLOCKED -> "Something stood in the way.";
          case HALTED -> "Nothing could begin.";
        };
    String reason = entry.reason();
    String message = entry.message();
    if (reason == null && entry.event() == AuditEvent.STEP_BEGUN && message != null) {
      return what + " " + message;
    }
    boolean quiet = entry.event() == AuditEvent.BEGUN || entry.event() == AuditEvent.RETIRED;
    return what
        + (reason == null || quiet ? "" : " " + reason + (message == null ? "." : ": " + message));
  }
}
