package dev.keyrotation.controller;

import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.audit.AuditChain;
import dev.keyrotation.audit.AuditEntries;
import dev.keyrotation.audit.AuditGaps;
import dev.keyrotation.audit.StatusEdges;
import dev.keyrotation.audit.StatusEdges.Edge;
import dev.keyrotation.engine.Turn;
import dev.keyrotation.failure.RotationException;
import dev.keyrotation.metrics.RotationMetrics;
import dev.keyrotation.observe.AuditTrail;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jboss.logging.Logger;

/**
 * Keeps the audit of each KeyRotation up to its stored status. No rotation begins that cannot be
 * recorded; one that is under way goes on without, since half-way is no safe place to stop. What
 * could not be written is kept and tried again, and a process that dies leaves it to the next one,
 * which finds by the audit itself what it lacks.
 */
final class ClusterAudit implements AuditTrail {
  private static final Logger LOG = Logger.getLogger("dev.keyrotation.rotation");
  private static final Duration BACKOFF = Duration.ofSeconds(10);

  private final AuditStore store;
  private final EventRecorder events;
  private final RotationMetrics metrics;
  private final Clock clock;
  private final Map<String, Ledger> ledgers = new ConcurrentHashMap<>();

  ClusterAudit(AuditStore store, EventRecorder events, RotationMetrics metrics, Clock clock) {
    this.store = store;
    this.events = events;
    this.metrics = metrics;
    this.clock = clock;
  }

  /** What this process knows of one resource's audit; only to save requests. */
  private static final class Ledger {
    List<Edge> seen = List.of();
    List<Edge> unwritten = List.of();
    Instant notBefore = Instant.EPOCH;
    boolean failing;
  }

  @Override
  public void requireWritable(KeyRotation primary) {
    store.requireWritable(primary);
  }

  /** Brings the audit up to the stored status of {@code primary}. Never throws for the cluster. */
  void catchUp(KeyRotation primary) {
    Ledger ledger = ledger(primary);
    List<Edge> edges = StatusEdges.of(primary, field -> Managers.whoSet(primary, field));
    if (!edges.equals(ledger.seen)) {
      add(ledger, edges);
      ledger.seen = edges;
    }
    write(primary, ledger);
  }

  /**
   * What no status tells later: that it was lost and this turn made it anew. It is written before
   * that status is.
   */
  void beforeStatus(KeyRotation primary, Turn.Taken taken) {
    AuditEntries.rebuilt(taken)
        .ifPresent(
            entry -> {
              Ledger ledger = ledger(primary);
              add(ledger, List.of(new Edge(clock.instant(), entry)));
              write(primary, ledger);
            });
  }

  /** The resource is gone; its audit stays. */
  void forget(KeyRotation primary) {
    ledgers.remove(primary.getMetadata().getUid());
  }

  private Ledger ledger(KeyRotation primary) {
    return ledgers.computeIfAbsent(primary.getMetadata().getUid(), uid -> new Ledger());
  }

  private static void add(Ledger ledger, List<Edge> edges) {
    List<Edge> more = new ArrayList<>(ledger.unwritten);
    edges.stream().filter(edge -> !ledger.unwritten.contains(edge)).forEach(more::add);
    ledger.unwritten = more;
  }

  private void write(KeyRotation primary, Ledger ledger) {
    Instant now = clock.instant();
    if (ledger.unwritten.isEmpty() || now.isBefore(ledger.notBefore)) {
      return;
    }
    Instant created = Instant.parse(primary.getMetadata().getCreationTimestamp());
    try {
      AuditChain.Head head =
          store.append(primary, lines -> AuditGaps.missing(lines, ledger.unwritten, created));
      ledger.unwritten = List.of();
      ledger.failing = false;
      if (head != null) {
        // A log that is collected elsewhere keeps what nobody can change in the cluster.
        LOG.infof("%s: audit line %d, hash %s", name(primary), head.next() - 1, head.hash());
      }
    } catch (RotationException e) {
      ledger.notBefore = now.plus(BACKOFF);
      if (!ledger.failing) {
        ledger.failing = true;
        String why = "The audit cannot be written, which is tried again. " + e.sentence();
        LOG.warnf("%s: %s", name(primary), why);
        events.record(primary, ConditionReason.AUDIT_NOT_WRITTEN, why, true);
      }
    }
    metrics.auditBehind(primary, ledger.failing);
  }

  private static String name(KeyRotation primary) {
    return primary.getMetadata().getNamespace() + "/" + primary.getMetadata().getName();
  }
}
