package dev.keyrotation.observe;

import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.api.v1alpha1.Fencing;
import dev.keyrotation.api.v1alpha1.KeyKind;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.KeyRotationSpec;
import dev.keyrotation.api.v1alpha1.RotationReason;
import dev.keyrotation.api.v1alpha1.SecretCopy;
import dev.keyrotation.api.v1alpha1.SecretRef;
import dev.keyrotation.api.v1alpha1.Strategy;
import dev.keyrotation.api.v1alpha1.WorkloadSpec;
import dev.keyrotation.database.DatabaseOwner;
import dev.keyrotation.database.DatabaseProvider;
import dev.keyrotation.database.RotationDatabase;
import dev.keyrotation.failure.RotationException;
import dev.keyrotation.key.ConnectionMarks;
import dev.keyrotation.key.KeyCopies;
import dev.keyrotation.key.KeyMaterial;
import dev.keyrotation.key.KeySet;
import dev.keyrotation.key.KeyStore;
import dev.keyrotation.plan.Finding;
import dev.keyrotation.plan.PreflightReport;
import dev.keyrotation.plan.Schedules;
import dev.keyrotation.plan.Triggers;
import dev.keyrotation.proxy.Proxies;
import dev.keyrotation.redis.AuthCache;
import dev.keyrotation.redis.AuthCaches;
import dev.keyrotation.workload.Workloads;
import java.net.URI;
import java.security.SecureRandom;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads all that a rotation depends on and writes nothing. Every problem becomes a finding; none
 * ends the reading.
 */
final class Preflight {
  private final KeyStore store;
  private final Workloads workloads;
  private final Proxies proxies;
  private final DatabaseProvider databases;
  private final AuthCaches caches;
  private final KeyCopies copies;
  private final Rivals rivals;
  private final AuditTrail audit;
  private final SecureRandom random;
  private final OldInstances old;

  Preflight(
      KeyStore store,
      Workloads workloads,
      Proxies proxies,
      DatabaseProvider databases,
      AuthCaches caches,
      ConnectionMarks marks,
      KeyCopies copies,
      Rivals rivals,
      AuditTrail audit,
      SecureRandom random) {
    this.store = store;
    this.workloads = workloads;
    this.proxies = proxies;
    this.databases = databases;
    this.caches = caches;
    this.copies = copies;
    this.rivals = rivals;
    this.audit = audit;
    this.random = random;
    this.old = new OldInstances(workloads, databases, marks);
  }

  PreflightReport report(KeyRotation primary, Instant now) {
    return new Run(primary, now).report();
  }

  /** One preflight: collects while it reads. */
  private final class Run {
    private final KeyRotation primary;
    private final KeyRotationSpec spec;
    private final Instant now;
    private final List<Finding> findings = new ArrayList<>();
    private final List<String> warnings = new ArrayList<>();
    private final List<String> columns = new ArrayList<>();
    private @Nullable KeySet keys;
    private @Nullable String version;
    private long values;
    private int instances;
    private int storedModels = InstancePreflight.NOT_KNOWN;
    private @Nullable String noFence = "there is no database";
    private @Nullable Fencing fencing;

    Run(KeyRotation primary, Instant now) {
      this.primary = primary;
      this.spec = primary.getSpec();
      this.now = now;
    }

    PreflightReport report() {
      collect(this::readSpec);
      collect(this::readConsumer);
      readCopies();
      for (WorkloadSpec workload : spec.workloads()) {
        collect(() -> readWorkload(workload));
      }
      collect(this::readDatabase);
      collect(this::readCache);
      collect(() -> audit.requireWritable(primary));
      KeySet found = keys;
      return new PreflightReport(
          List.copyOf(findings),
          List.copyOf(warnings),
          found == null ? null : GenerateKeysObserver.fingerprints(found),
          found == null ? null : found.encryptionKind(),
          spec.database() != null,
          values,
          List.copyOf(columns),
          instances,
          storedModels == InstancePreflight.NOT_KNOWN ? 0 : storedModels,
          noFence,
          version,
          fencing);
    }

    private void collect(Runnable reading) {
      try {
        reading.run();
      } catch (RotationException e) {
        add(e.reason(), e.sentence());
      }
    }

    private void add(ConditionReason reason, String message) {
      findings.add(new Finding(reason, message));
    }

    private void readSpec() {
      try {
        Schedules.nextAfter(spec.rotate(), now);
        if (Schedules.inWindow(spec.rotate(), now).isEmpty()) {
          add(
              ConditionReason.INVALID_SPEC,
              "No window of spec.rotate.windows ever opens. Correct its start, or remove it.");
        }
      } catch (IllegalArgumentException e) {
        add(
            ConditionReason.INVALID_SPEC,
            "spec.rotate.schedule, windows or timeZone is not valid: " + e.getMessage() + ".");
      }
      if (compromised()) {
        readCompromise();
      }
      List<String> others = rivals.of(primary);
      if (!others.isEmpty()) {
        add(
            ConditionReason.DATABASE_OWNED_BY_OTHER,
            "KeyRotation "
                + String.join(", ", others)
                + " rotates the same Secret or workload. Keep one and delete the others.");
      }
    }

    private boolean compromised() {
      return spec.rotate().reason() == RotationReason.COMPROMISED;
    }

    private void readCompromise() {
      try {
        Triggers.compromisedSince(primary);
      } catch (DateTimeParseException e) {
        add(
            ConditionReason.INVALID_SPEC,
            "spec.rotate.compromisedSince is no time: write for example 2026-11-01T00:00:00Z.");
      }
      warnings.addAll(CompromiseAdvice.of(spec));
    }

    private void readConsumer() {
      switch (store.consumer(primary)) {
        case KeyStore.Consumer.Usable usable -> {
          keys = usable.keys();
          String obstacle = usable.obstacle();
          if (obstacle != null) {
            add(ConditionReason.SECRET_NOT_WRITABLE, obstacle);
          }
          warnings.addAll(usable.warnings());
          for (String mirror : usable.staleMirrors()) {
            warnings.add(
                mirror + " does not hold the present master key; the rotation will make it equal.");
          }
        }
        case KeyStore.Consumer.Missing missing ->
            add(
                ConditionReason.SECRET_NOT_FOUND,
                missing.where() + " does not exist. Correct its name in the spec or create it.");
        case KeyStore.Consumer.Invalid invalid ->
            add(ConditionReason.SECRET_KEY_INVALID, invalid.message());
      }
    }

    /** Each by itself, so that all that is wrong with them is said at once. */
    private void readCopies() {
      SecretRef ref = spec.secretRef();
      KeySet present = keys;
      if (ref == null || present == null || !spec.rotates(KeyKind.MASTER)) {
        return;
      }
      ref.copies().forEach(copy -> collect(() -> readCopy(copy, ref, present)));
    }

    private void readCopy(SecretCopy copy, SecretRef ref, KeySet present) {
      String own = primary.getMetadata().getNamespace();
      String where = KeyCopies.where(primary, copy);
      if (copy.name().equals(ref.name()) && copy.namespaceFor(own).equals(own)) {
        add(
            ConditionReason.INVALID_SPEC,
            where + " holds the keys themselves: name the entry in spec.secretRef.mirrors.");
        return;
      }
      KeyCopies.Look look = copies.look(primary, copy);
      Finding problem = CopiesObserver.problem(where, copy, look, present.master());
      if (problem != null) {
        findings.add(problem);
        return;
      }
      String denied = copies.denied(primary, copy);
      if (denied != null) {
        add(ConditionReason.SECRET_NOT_WRITABLE, denied);
      }
      if (look instanceof KeyCopies.Look.Found found) {
        warnings.addAll(found.warnings());
      }
    }

    private void readWorkload(WorkloadSpec workload) {
      Workloads.Wiring wiring = workloads.wiring(primary, workload);
      wiring.findings().forEach(f -> add(f.reason(), f.message()));
      warnings.addAll(wiring.warnings());
      if (wiring.findings().stream().anyMatch(f -> f.reason() == ConditionReason.NOT_SUPPORTED)) {
        return;
      }
      Workloads.State state = workloads.observe(primary, workload);
      if (!state.exists()) {
        add(
            ConditionReason.WORKLOAD_NOT_FOUND,
            state.name() + " does not exist. Correct spec.workloads.");
        return;
      }
      instances += state.instances().size();
      if (state.replicas() == 0) {
        add(
            ConditionReason.WORKLOAD_HAS_NO_INSTANCES,
            state.name()
                + " has no instance, so a rotation could not be verified. Scale it up first.");
      } else if (!state.settled()) {
        String problem = state.problem();
        add(
            ConditionReason.WORKLOAD_NOT_STEADY,
            state.name()
                + " is not settled"
                + (problem == null ? "" : " (" + problem + ")")
                + ". The rotation waits until all its instances are available.");
      } else {
        state.instances().forEach(this::readInstance);
      }
    }

    private void readInstance(Workloads.Instance instance) {
      KeySet present = keys;
      URI url = instance.url();
      if (present == null || url == null) {
        return;
      }
      InstancePreflight look =
          new InstancePreflight(
              proxies.of(primary), instance, url, present.master(), store.where(primary));
      findings.addAll(look.findings(KeyMaterial.generate(random)));
      if (version == null) {
        version = look.version();
      }
      storedModels = Math.min(storedModels, look.storedModels());
    }

    private void readDatabase() {
      KeySet present = keys;
      if (spec.database() == null || present == null) {
        return;
      }
      RotationDatabase database = databases.open(primary);
      RotationDatabase.Report report = database.inspect(DatabaseOwner.of(primary), present);
      report.findings().forEach(f -> add(f.reason(), f.message()));
      warnings.addAll(report.warnings());
      readFence(present, database);
      if (compromised() && findings.isEmpty()) {
        RotationDatabase.Admins admins =
            database.adminsSince(Triggers.compromisedSince(primary), present.master());
        warnings.add(
            "Look through what an intruder may have made: "
                + admins.keys()
                + " keys and "
                + admins.users()
                + " users with admin rights were created in the time in question. The rotation"
                + " lists them in the status and removes none.");
      }
      values = report.values();
      for (RotationDatabase.ColumnCount column : report.columns()) {
        columns.add(
            column.table()
                + "."
                + column.column()
                + ": "
                + column.values()
                + (column.registered() ? "" : " (found by search)"));
      }
      if (spec.rotates(KeyKind.SALT) && present.salt() == null) {
        warnings.add(
            "There is no salt key: the master key encrypts the stored values. The rotation"
                + " introduces a salt key.");
      }
    }

    /** Asked only so that a Redis server that does not answer is known before the rotation. */
    private void readCache() {
      AuthCache cache = caches.open(primary);
      if (cache != null && keys != null) {
        cache.remembers(keys.master());
      }
    }

    private void readFence(KeySet present, RotationDatabase database) {
      boolean needed = spec.rotates(KeyKind.SALT) || present.salt() == null;
      if (!needed || spec.strategy() == Strategy.DRAIN) {
        noFence = "it is not wanted";
        return;
      }
      OldInstances.Answer answer = old.fencing(primary, database);
      fencing = answer.by();
      String obstacle = fencing == null ? answer.why() : null;
      noFence = obstacle;
      if (fencing == Fencing.MARKS) {
        warnings.add(
            "Old instances are told from new ones by application_name in the URL of"
                + " spec.database.urlFrom, which the rotation writes ("
                + answer.why()
                + "). Until the last old instance has ended, every other session of the instances'"
                + " database role is held off the encrypted tables, too.");
      }
      if (obstacle != null && spec.strategy() == Strategy.FENCED) {
        add(
            ConditionReason.FENCE_NOT_POSSIBLE,
            "spec.strategy is Fenced, but old instances cannot be fenced off: "
                + obstacle
                + ". Mend that, or use Auto or Drain.");
      } else if (obstacle != null) {
        warnings.add(
            "All instances stop while stored values are re-encrypted (Drain), because old instances"
                + " cannot be fenced off: "
                + obstacle
                + ".");
      }
    }
  }
}
