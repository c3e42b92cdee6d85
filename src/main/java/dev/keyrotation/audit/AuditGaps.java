package dev.keyrotation.audit;

import dev.keyrotation.audit.StatusEdges.Edge;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * What an audit lacks, by the evidence of its own lines. Pure. No memory is needed: what a process
 * did not write, or wrote without hearing so, is found by the next one.
 */
public final class AuditGaps {
  /** What stands in the way and comes and goes is told again after this time. */
  private static final Duration AGAIN = Duration.ofDays(1);

  /** So many failures of one step are told one by one; after that, each reason once. */
  private static final int FAILURES = 20;

  private AuditGaps() {}

  /**
   * Those of {@code edges} that no line of {@code records} tells of, in their order.
   *
   * @param records lines of the audit up to its end; what happened before the first of them is
   *     taken as told, unless that is the first line of all
   * @param created when the resource was made; lines before that may tell of one that had its name
   */
  public static List<Edge> missing(List<AuditRecord> records, List<Edge> edges, Instant created) {
    Instant from =
        records.isEmpty() || records.getFirst().seq() == 1
            ? Instant.MIN
            : Instant.parse(records.getFirst().time());
    List<AuditRecord> told = new ArrayList<>(records);
    List<Edge> missing = new ArrayList<>();
    for (Edge edge : edges) {
      if (!edge.time().isBefore(from) && !isTold(told, edge, created)) {
        missing.add(edge);
        told.add(new AuditRecord(0, edge.time().toString(), "", "", edge.entry(), ""));
      }
    }
    return List.copyOf(missing);
  }

  private static boolean isTold(List<AuditRecord> told, Edge edge, Instant created) {
    AuditEntry entry = edge.entry();
    List<AuditRecord> lines =
        told.stream()
            .filter(line -> Objects.equals(line.entry().rotation(), entry.rotation()))
            .filter(line -> edge.time().isBefore(created) || !time(line).isBefore(created))
            .toList();
    return switch (entry.event()) {
      case STATUS_REBUILT ->
          !lines.isEmpty() && lines.getLast().entry().event() == AuditEvent.STATUS_REBUILT;
      case ATTEMPT_FAILED -> isFailureTold(lines, entry);
      case BLOCKED, HALTED ->
          lines.stream()
              .anyMatch(
                  line ->
                      isSame(line.entry(), entry) && time(line).plus(AGAIN).isAfter(edge.time()));
      default -> lines.stream().anyMatch(line -> isSame(line.entry(), entry));
    };
  }

  /** Whether two entries about one rotation tell of the same edge, however they word it. */
  private static boolean isSame(AuditEntry one, AuditEntry other) {
    return one.event() == other.event()
        && switch (one.event()) {
          case STEP_BEGUN, ATTEMPT_FAILED ->
              one.direction() == other.direction() && one.step() == other.step();
          case ENDED -> one.result() == other.result();
          case SOAK_PROBLEM, BLOCKED, HALTED -> Objects.equals(one.reason(), other.reason());
          default -> true;
        };
  }

  /** A failure is told when its sentence is new, not with each attempt. */
  private static boolean isFailureTold(List<AuditRecord> lines, AuditEntry entry) {
    List<AuditEntry> failures =
        lines.stream().map(AuditRecord::entry).filter(line -> isSame(line, entry)).toList();
    return failures.stream()
        .anyMatch(
            line ->
                Objects.equals(line.message(), entry.message())
                    || (failures.size() >= FAILURES
                        && Objects.equals(line.reason(), entry.reason())));
  }

  private static Instant time(AuditRecord line) {
    return Instant.parse(line.time());
  }
}
