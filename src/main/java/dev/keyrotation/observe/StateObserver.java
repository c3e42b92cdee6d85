package dev.keyrotation.observe;

import dev.keyrotation.api.v1alpha1.Direction;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.RotationStatus;
import dev.keyrotation.api.v1alpha1.StepName;
import dev.keyrotation.api.v1alpha1.WorkloadSize;
import dev.keyrotation.database.DatabaseOwner;
import dev.keyrotation.database.DatabaseProvider;
import dev.keyrotation.database.ReencryptionRunner;
import dev.keyrotation.failure.RotationException;
import dev.keyrotation.key.ConnectionMarks;
import dev.keyrotation.key.KeyCopies;
import dev.keyrotation.key.KeyStore;
import dev.keyrotation.key.RevisionKeys;
import dev.keyrotation.plan.Evidence;
import dev.keyrotation.plan.Finding;
import dev.keyrotation.plan.ObservedState;
import dev.keyrotation.plan.ObservedState.Operand;
import dev.keyrotation.plan.PreflightReport;
import dev.keyrotation.plan.Remains;
import dev.keyrotation.plan.RollBackRequest;
import dev.keyrotation.plan.Statuses;
import dev.keyrotation.plan.Triggers;
import dev.keyrotation.proxy.Proxies;
import dev.keyrotation.redis.AuthCaches;
import dev.keyrotation.workload.LogScan;
import dev.keyrotation.workload.Workloads;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Reads what one turn needs, and no more. */
public final class StateObserver {
  private final KeyStore store;
  private final Workloads workloads;
  private final DatabaseProvider databases;
  private final Preflight preflight;
  private final OperandObserver operands;
  private final SoakObserver soaks;
  private final Map<StepName, StepObserver> steps = new EnumMap<>(StepName.class);

  /** Without a cache in Redis. */
  public StateObserver(
      KeyStore store,
      Workloads workloads,
      Proxies proxies,
      DatabaseProvider databases,
      ConnectionMarks marks,
      KeyCopies copies,
      ReencryptionRunner runner,
      Rivals rivals,
      AuditTrail audit,
      SecureRandom random) {
    this(
        store,
        workloads,
        proxies,
        databases,
        AuthCaches.unsupported(),
        marks,
        copies,
        runner,
        rivals,
        audit,
        random);
  }

  public StateObserver(
      KeyStore store,
      Workloads workloads,
      Proxies proxies,
      DatabaseProvider databases,
      AuthCaches caches,
      ConnectionMarks marks,
      KeyCopies copies,
      ReencryptionRunner runner,
      Rivals rivals,
      AuditTrail audit,
      SecureRandom random) {
    this.store = store;
    this.workloads = workloads;
    this.databases = databases;
    this.preflight =
        new Preflight(
            store, workloads, proxies, databases, caches, marks, copies, rivals, audit, random);
    this.operands = new OperandObserver(store, workloads);
    LogScan logs = workloads instanceof LogScan scan ? scan : LogScan.UNREAD;
    this.soaks =
        new SoakObserver(new LiveCheck(store, workloads, proxies, databases, random), logs);
    RevisionKeys keys = new RevisionKeys(store);
    Instances instances = new Instances(workloads, proxies, random);
    StepObserver stopped = new StopWorkloadsObserver(workloads);
    StepObserver published = new PublishKeysObserver(store, keys);
    OldInstances old = new OldInstances(workloads, databases, marks);
    StepObserver restarted = new RestartWorkloadsObserver(workloads, old);
    steps.put(StepName.GENERATE_KEYS, new GenerateKeysObserver(store));
    steps.put(StepName.OPEN_GRACE, new OpenGraceObserver(databases, keys));
    steps.put(StepName.STOP_WORKLOADS, stopped);
    steps.put(StepName.PUBLISH_KEYS, published);
    steps.put(StepName.PUBLISH_COPIES, new CopiesObserver(copies, keys));
    steps.put(StepName.MARK_CONNECTIONS, new MarkConnectionsObserver(marks));
    steps.put(
        StepName.REENCRYPT_DATA, new ReencryptDataObserver(databases, runner, stopped, old, keys));
    steps.put(StepName.RESTART_WORKLOADS, new LeasedGraceObserver(restarted, databases, keys));
    steps.put(
        StepName.VERIFY,
        new LeasedGraceObserver(
            new VerifyObserver(store, published, restarted, instances, keys, databases, logs),
            databases,
            keys));
    steps.put(StepName.CLOSE_GRACE, new CloseGraceObserver(instances, keys, databases, caches));
  }

  /**
   * The world, as far as this turn needs it. Does not throw for what the world answers or fails to
   * answer.
   */
  public ObservedState observe(KeyRotation primary, Instant now) {
    RotationStatus rotation = Statuses.of(primary).rotation();
    if (rotation != null) {
      return observeStep(primary, rotation, now);
    }
    try {
      return observeRest(primary, now);
    } catch (RotationException e) {
      Finding finding = new Finding(e.reason(), e.sentence());
      return new ObservedState(
          null,
          PreflightReport.unread(finding),
          new Operand.Unclear(finding.message()),
          List.of(),
          List.of(),
          null);
    }
  }

  private ObservedState observeRest(KeyRotation primary, Instant now) {
    List<Long> revisions = store.revisions(primary);
    Remains remains = remains(primary, revisions);
    return new ObservedState(
        null,
        Triggers.wantPreflight(primary, now) ? preflight.report(primary, now) : null,
        operands.operand(primary),
        RollBackRequest.isPending(primary) ? sizes(primary) : List.of(),
        revisions,
        remains,
        remains == null ? leftOverFences(primary) : List.of(),
        soaks.look(primary, now));
  }

  /** A database that does not answer tells of none. */
  private List<String> leftOverFences(KeyRotation primary) {
    if (primary.getSpec().database() == null) {
      return List.of();
    }
    try {
      return databases.open(primary).fence().standing(DatabaseOwner.of(primary));
    } catch (RotationException e) {
      return List.of();
    }
  }

  /** Read only when the status tells of no rotation although key Secrets do. */
  private @Nullable Remains remains(KeyRotation primary, List<Long> revisions) {
    if (Statuses.of(primary).lastRevision() > 0 || revisions.isEmpty()) {
      return null;
    }
    long last = revisions.getLast();
    long previous = revisions.size() < 2 ? 0 : revisions.get(revisions.size() - 2);
    if (!(store.revision(primary, last) instanceof KeyStore.Revision.Usable found)) {
      return Remains.unreadable(last);
    }
    KeyStore.Consumer consumer = store.consumer(primary);
    String stamp = consumer instanceof KeyStore.Consumer.Usable usable ? usable.stamp() : null;
    List<Workloads.State> states =
        primary.getSpec().workloads().stream().map(w -> workloads.observe(primary, w)).toList();
    return new Remains(
        last,
        found.marks().rotationId(),
        found.marks().request(),
        GenerateKeysObserver.fingerprints(found.keys()),
        previous,
        previous > 0 && store.revision(primary, previous) instanceof KeyStore.Revision.Usable before
            ? GenerateKeysObserver.fingerprints(before.keys())
            : null,
        consumer instanceof KeyStore.Consumer.Usable present
            ? GenerateKeysObserver.fingerprints(present.keys())
            : null,
        stamp,
        states.stream().allMatch(state -> state.settled() && state.replicas() > 0),
        stamp != null && states.stream().allMatch(state -> stamp.equals(state.stamp())));
  }

  private ObservedState observeStep(KeyRotation primary, RotationStatus rotation, Instant now) {
    try {
      StepObserver observer = Objects.requireNonNull(steps.get(rotation.step()));
      Evidence evidence = observer.evidence(primary, rotation, now);
      return ObservedState.ofStep(evidence, sizes(primary, rotation));
    } catch (RotationException e) {
      return ObservedState.ofStep(new Evidence.Unknown(e.reason(), e.sentence()), List.of());
    }
  }

  private List<WorkloadSize> sizes(KeyRotation primary, RotationStatus rotation) {
    if (rotation.direction() == Direction.ROLL_BACK
        || rotation.step().compareTo(StepName.STOP_WORKLOADS) >= 0) {
      return List.of();
    }
    return sizes(primary);
  }

  private List<WorkloadSize> sizes(KeyRotation primary) {
    return primary.getSpec().workloads().stream()
        .map(w -> workloads.observe(primary, w))
        .map(state -> new WorkloadSize(state.name(), state.replicas()))
        .toList();
  }
}
