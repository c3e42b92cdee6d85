package dev.keyrotation.engine;

import dev.keyrotation.api.v1alpha1.AdminAccess;
import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.api.v1alpha1.DataCounts;
import dev.keyrotation.api.v1alpha1.Direction;
import dev.keyrotation.api.v1alpha1.Epoch;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.MasterKeyRowPolicy;
import dev.keyrotation.api.v1alpha1.Progress;
import dev.keyrotation.api.v1alpha1.SecretCopy;
import dev.keyrotation.api.v1alpha1.WorkloadSpec;
import dev.keyrotation.database.DatabaseOwner;
import dev.keyrotation.database.Fence;
import dev.keyrotation.database.RotationDatabase;
import dev.keyrotation.failure.Recovery;
import dev.keyrotation.failure.RotationException;
import dev.keyrotation.failure.SupersededException;
import dev.keyrotation.key.ConnectionMarks;
import dev.keyrotation.key.KeyCopies;
import dev.keyrotation.key.KeyMaterial;
import dev.keyrotation.key.KeySet;
import dev.keyrotation.key.KeyStore;
import dev.keyrotation.proxy.Proxies;
import dev.keyrotation.proxy.ProxyApi;
import dev.keyrotation.redis.AuthCache;
import dev.keyrotation.workload.LogScan;
import dev.keyrotation.workload.Workloads;
import java.net.URI;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A small world with LiteLLM's rules: pods take their keys when they start, a pod reads only values
 * under its own key, and a key is accepted when it is the pod's own or has a row. Every change can
 * be the last thing a process does.
 */
public final class FakeWorld {
  /**
   * The process is killed. An Error, so that no code of ours can take it for a failure of the
   * world.
   */
  static final class Killed extends Error {
    private static final long serialVersionUID = 1;
  }

  static final class Pod {
    final int number;
    final @Nullable String stamp;
    final KeySet keys;
    @Nullable String mark;
    int age;
    boolean terminating;

    Pod(int number, @Nullable String stamp, KeySet keys) {
      this.number = number;
      this.stamp = stamp;
      this.keys = keys;
    }
  }

  /** An object of the API server: an epoch's mark, and a version that each change exchanges. */
  final class Guarded {
    private @Nullable String mark;
    private long version;

    /** As a merge patch or an apply does it: only while the version is the one that was read. */
    void write(KeyRotation owner, String what, Runnable effect) {
      boolean[] written = {false};
      while (!written[0]) {
        if (!java.util.Objects.equals(mark, mark(owner))) {
          throw new SupersededException(what, Epoch.numberOf(mark));
        }
        long read = version;
        change(
            what,
            () -> {
              if (version == read) {
                version++;
                effect.run();
                written[0] = true;
              }
            });
      }
    }

    void claim(KeyRotation owner, String what, java.util.function.BooleanSupplier current) {
      String ours = mark(owner);
      if (ours == null || ours.equals(mark)) {
        return;
      }
      long read = version;
      if (Epoch.numberOf(mark) >= Epoch.numberOf(ours) || !current.getAsBoolean()) {
        throw new SupersededException(what, Epoch.numberOf(mark));
      }
      change(
          "claim " + what,
          () -> {
            if (version != read) {
              throw new SupersededException(what, 0);
            }
            version++;
            mark = ours;
          });
    }

    private static @Nullable String mark(KeyRotation owner) {
      Epoch epoch = owner.getStatus() == null ? null : owner.getStatus().epoch();
      return epoch == null ? null : epoch.mark();
    }
  }

  /** Everything that a late process could change, as text. */
  String snapshot() {
    Map<Long, KeySet> made = new TreeMap<>(revisions);
    made.remove(1L); // a copy of the keys that were there at first
    return String.join(
        "\n",
        "consumer " + consumer + " " + consumerStamp + " " + secret.mark,
        "revisions " + made.keySet(),
        "values " + values.stream().map(KeyMaterial::fingerprint).toList(),
        "rows " + rows + " grace " + grace + " journal " + journal.keySet() + moved.keySet(),
        "deployment " + replicas + " " + templateStamp + " " + deployment.mark,
        "url " + urlMark + " " + urlSecret.mark,
        "copies "
            + copies
            + copySecrets.values().stream().map(secret -> "" + secret.mark).sorted().toList(),
        "database " + claim + " fenced " + fenced + " but " + fenceMark);
  }

  private static final int TICKS_TO_READY = 2;
  private static final int SLOW_TICKS = 60;

  Instant now = Instant.parse("2026-01-01T00:00:00Z");

  // what is in the world
  public volatile @Nullable KeySet consumer;
  @Nullable String consumerStamp;
  final Map<Long, KeySet> revisions = new TreeMap<>();
  final Map<Long, KeyStore.KeyRevisionMarks> marks = new HashMap<>();
  public final List<KeyMaterial> values = new ArrayList<>();
  final Set<KeyMaterial> rows = new HashSet<>();
  final Map<KeyMaterial, Instant> grace = new HashMap<>();

  /** Keys whose rows had no end are remembered by instances for a while. */
  final Map<KeyMaterial, Instant> cachedUntil = new HashMap<>();

  final Map<String, DataCounts> journal = new HashMap<>();
  final Map<String, RotationDatabase.MasterKeyRows> moved = new HashMap<>();
  final Map<String, RotationDatabase.EndedSessions> endedSessions = new HashMap<>();
  int sessions = 3;
  final Set<KeyMaterial> inRedis = new HashSet<>();
  boolean redisDown;
  final List<Pod> pods = new java.util.concurrent.CopyOnWriteArrayList<>();
  int replicas;
  @Nullable String templateStamp;

  final Guarded secret = new Guarded();
  final Guarded deployment = new Guarded();
  final Guarded urlSecret = new Guarded();

  /** Copies of the master key by the name of their Secret, and how often each was written. */
  final Map<String, KeyMaterial> copies = new TreeMap<>();

  final Map<String, Guarded> copySecrets = new HashMap<>();
  final Map<String, Integer> copyWrites = new HashMap<>();

  /** Why the operator may not write copies. */
  @Nullable String copiesDenied;

  volatile Epoch claim = Epoch.NONE;

  final Set<String> fenced = new java.util.concurrent.ConcurrentSkipListSet<>();

  /** The mark in the connection URL, and the only one that the fence lets through. */
  @Nullable String urlMark;

  volatile @Nullable String fenceMark;

  // what is wrong with it
  boolean newPodsNeverReady;
  boolean newInstancesFail;
  boolean databaseDown;
  boolean instancesDoNotAnswer;
  final List<Instant> decryptionErrors = new ArrayList<>();
  java.time.Duration databaseAhead = java.time.Duration.ZERO;
  boolean publishRefused;

  /** Why a write to the consumer Secret would not last. */
  @Nullable String consumerObstacle;

  boolean unreadableValue;
  int strangeSessions;
  boolean fencePossible;
  boolean oldPodWritesOnceMore;

  /** All sessions come from a pooler's address. */
  boolean pooled;

  /** The pooler gives sessions of instances no name, although it gave probes theirs. */
  boolean marksLost;

  /** The next pod is replaced a minute after the last one. */
  boolean slowRollout;

  /** Containers of pods end and start again all the time, each pod in its turn. */
  boolean restless;

  /** LiteLLM since 1.84. */
  boolean tellsOrigin = true;

  // what happened to it
  final List<String> violations = new ArrayList<>();
  final List<String> changes = new java.util.concurrent.CopyOnWriteArrayList<>();
  int killAt = Integer.MAX_VALUE;
  int sleepAt = Integer.MAX_VALUE;
  Runnable meanwhile = () -> {};
  boolean killAfter;
  int podNumbers;

  public FakeWorld(KeySet keys, int replicas, int values) {
    this.consumer = keys;
    this.replicas = replicas;
    for (int i = 0; i < values; i++) {
      this.values.add(keys.encryption());
    }
    for (int i = 0; i < replicas; i++) {
      Pod pod = new Pod(podNumbers++, null, keys);
      pod.age = TICKS_TO_READY;
      pods.add(pod);
    }
  }

  /** What happened to it so far. */
  public List<String> changes() {
    return List.copyOf(changes);
  }

  /**
   * One change of the world; the process may die right before or right after it, or sleep before it
   * while others act.
   */
  void change(String what, Runnable effect) {
    int index = changes.size();
    if (index == sleepAt) {
      sleepAt = Integer.MAX_VALUE;
      meanwhile.run();
    }
    if (index == killAt && !killAfter) {
      killAt = Integer.MAX_VALUE;
      throw new Killed();
    }
    effect.run();
    changes.add(what);
    if (index == killAt) {
      killAt = Integer.MAX_VALUE;
      throw new Killed();
    }
  }

  /** Time passes: pods start, become ready, are replaced one by one. */
  public synchronized void tick() {
    now = now.plusSeconds(1);
    pods.removeIf(pod -> pod.terminating);
    pods.forEach(pod -> pod.age++);
    List<Pod> current = pods.stream().filter(p -> isCurrent(p)).toList();
    List<Pod> old = pods.stream().filter(p -> !isCurrent(p)).toList();
    for (Pod pod : pods) {
      if (ready(pod)
          && (!fenced.isEmpty() || fenceMark != null)
          && !fenced.contains("pod-" + pod.number)
          && (fenceMark == null || fenceMark.equals(seenMark(pod)))
          && !values.stream().allMatch(pod.keys.encryption()::equals)) {
        violations.add("pod-" + pod.number + " reads values that it cannot open");
      }
    }
    if (restless && !pods.isEmpty()) {
      int index = (int) (now.getEpochSecond() % pods.size());
      Pod ended = pods.get(index);
      Pod again = pod(ended.number, ended.stamp);
      again.age = ended.age; // the pod as a whole stays ready: that is not what is looked at here
      again.terminating = ended.terminating;
      pods.set(index, again);
    }
    if (replicas == 0) {
      pods.forEach(pod -> pod.terminating = true);
    } else if (!old.isEmpty()
        && current.stream().allMatch(this::ready)
        && !(slowRollout && current.stream().anyMatch(pod -> pod.age < SLOW_TICKS))) {
      if (current.size() >= old.size() + current.size() - replicas + 1
          || current.size() == replicas) {
        old.getFirst().terminating = true;
      }
      if (current.size() < replicas) {
        start();
      }
    } else if (pods.size() < replicas) {
      start();
    }
  }

  private void start() {
    pods.add(pod(podNumbers++, templateStamp));
  }

  /** A container that starts now reads keys and URL as they are. */
  private Pod pod(int number, @Nullable String stamp) {
    Pod pod = new Pod(number, stamp, java.util.Objects.requireNonNull(consumer));
    pod.mark = urlMark;
    return pod;
  }

  private @Nullable String seenMark(Pod pod) {
    return marksLost ? null : pod.mark;
  }

  /** A new instance that does not stay up, as a unit: nobody starts it again. */
  private boolean hasFailed() {
    return newInstancesFail && templateStamp != null && templateStamp.endsWith("/Forward");
  }

  private boolean isCurrent(Pod pod) {
    return java.util.Objects.equals(pod.stamp, templateStamp);
  }

  boolean ready(Pod pod) {
    boolean broken = newPodsNeverReady && pod.stamp != null && pod.stamp.endsWith("/Forward");
    return pod.age >= TICKS_TO_READY && !broken;
  }

  /** A transaction that begins with the claim, under the lock. */
  private void transaction(DatabaseOwner owner, String what, Runnable effect) {
    needDatabase();
    change(
        what,
        () -> {
          if (!claim.equals(owner.epoch()) && claim.number() >= owner.epoch().number()) {
            throw new SupersededException("the claim", claim.number());
          }
          claim = owner.epoch();
          effect.run();
        });
  }

  private void needDatabase() {
    if (databaseDown) {
      throw new RotationException(
          ConditionReason.DATABASE_UNAVAILABLE, Recovery.RETRY, "The database does not answer.");
    }
  }

  // ---- ports ----------------------------------------------------------------------------------

  public KeyStore keyStore() {
    return new KeyStore() {
      @Override
      public Revision revision(KeyRotation owner, long revision) {
        KeySet keys = revisions.get(revision);
        KeyRevisionMarks mark = marks.get(revision);
        return keys == null || mark == null
            ? new Revision.Missing("Secret litellm-r" + revision)
            : new Revision.Usable(keys, mark);
      }

      @Override
      public List<Long> revisions(KeyRotation owner) {
        return List.copyOf(revisions.keySet());
      }

      @Override
      public boolean createRevision(
          KeyRotation owner, long revision, KeySet keys, KeyRevisionMarks mark) {
        boolean[] created = {false};
        if (!revisions.containsKey(revision)) {
          change(
              "create revision " + revision,
              () -> {
                created[0] = revisions.putIfAbsent(revision, keys) == null;
                marks.putIfAbsent(revision, mark);
              });
        }
        return created[0];
      }

      @Override
      public void withdrawRevision(KeyRotation owner, long revision, KeySet keys) {
        change("withdraw revision " + revision, () -> revisions.remove(revision, keys));
      }

      @Override
      public void claim(KeyRotation owner, java.util.function.BooleanSupplier current) {
        if (consumer != null) {
          secret.claim(owner, "Secret", current);
        }
      }

      @Override
      public void deleteRevision(KeyRotation owner, long revision) {
        if (revisions.containsKey(revision)) {
          change("delete revision " + revision, () -> revisions.remove(revision));
        }
      }

      @Override
      public boolean isUsedBy(KeyRotation owner) {
        return true;
      }

      @Override
      public String where(KeyRotation owner) {
        return "Secret ai/litellm-keys";
      }

      @Override
      public void forget(KeyRotation owner, String rotationId) {}

      @Override
      public Consumer consumer(KeyRotation owner) {
        return consumer == null
            ? new Consumer.Missing("Secret ai/litellm-keys")
            : new Consumer.Usable(consumer, consumerStamp, List.of(), consumerObstacle, List.of());
      }

      @Override
      public void publish(KeyRotation owner, KeySet keys, String stamp) {
        if (publishRefused && stamp.endsWith("/Forward")) {
          throw new RotationException(
              ConditionReason.SECRET_NOT_WRITABLE, Recovery.ROLL_BACK, "The Secret is immutable.");
        }
        secret.write(
            owner,
            "publish " + stamp,
            () -> {
              consumer = keys;
              consumerStamp = stamp;
            });
      }
    };
  }

  public ConnectionMarks connectionMarks() {
    return new ConnectionMarks() {
      @Override
      public Look look(KeyRotation owner) {
        return new Look.Writable(urlMark);
      }

      @Override
      public void claim(KeyRotation owner, java.util.function.BooleanSupplier current) {
        urlSecret.claim(owner, "URL", current);
      }

      @Override
      public void write(KeyRotation owner, String mark) {
        urlSecret.write(
            owner, "mark URL " + mark.replaceAll("[0-9a-f]{8}$", ""), () -> urlMark = mark);
      }
    };
  }

  public KeyCopies keyCopies() {
    return new KeyCopies() {
      @Override
      public Look look(KeyRotation owner, SecretCopy copy) {
        KeyMaterial value = copies.get(copy.name());
        return value == null
            ? new Look.Unavailable(
                ConditionReason.SECRET_NOT_FOUND, "Secret " + copy.name() + " does not exist.")
            : new Look.Found(value, null, List.of());
      }

      @Override
      public @Nullable String denied(KeyRotation owner, SecretCopy copy) {
        return copiesDenied;
      }

      @Override
      public void claim(KeyRotation owner, java.util.function.BooleanSupplier current) {
        for (SecretCopy copy : owner.getSpec().requiredSecretRef().copies()) {
          if (copies.containsKey(copy.name())) {
            guarded(copy).claim(owner, "copy " + copy.name(), current);
          }
        }
      }

      @Override
      public void exchange(KeyRotation owner, SecretCopy copy, KeyMaterial from, KeyMaterial to) {
        if (from.equals(copies.get(copy.name()))) {
          guarded(copy)
              .write(
                  owner,
                  "copy " + copy.name(),
                  () -> {
                    copies.put(copy.name(), to);
                    copyWrites.merge(copy.name(), 1, Integer::sum);
                  });
        }
      }

      private Guarded guarded(SecretCopy copy) {
        return copySecrets.computeIfAbsent(copy.name(), name -> new Guarded());
      }
    };
  }

  public Workloads workloads() {
    return new LoggedWorkloads();
  }

  private final class LoggedWorkloads implements Workloads, LogScan {
    @Override
    public Counts scan(KeyRotation owner, WorkloadSpec workload) {
      return Counts.NONE;
    }

    @Override
    public Counts scan(KeyRotation owner, WorkloadSpec workload, Instant since) {
      return new Counts(decryptionErrors.stream().filter(time -> !time.isBefore(since)).count(), 2);
    }

    @Override
    public State observe(KeyRotation owner, WorkloadSpec workload) {
      List<Instance> instances =
          pods.stream()
              .map(
                  p ->
                      new Instance(
                          "pod-" + p.number,
                          URI.create("http://pod-" + p.number + ":4000"),
                          p.stamp,
                          ready(p),
                          p.terminating))
              .toList();
      boolean settled =
          pods.size() == replicas
              && pods.stream().allMatch(p -> isCurrent(p) && ready(p) && !p.terminating);
      return new State(
          workload.displayName(),
          true,
          replicas,
          templateStamp,
          settled,
          null,
          hasFailed(),
          instances);
    }

    @Override
    public Wiring wiring(KeyRotation owner, WorkloadSpec workload) {
      return new Wiring(List.of(), List.of());
    }

    @Override
    public void stop(KeyRotation owner, WorkloadSpec workload) {
      deployment.write(owner, "stop", () -> replicas = 0);
    }

    @Override
    public void stamp(KeyRotation owner, WorkloadSpec workload, String stamp) {
      deployment.write(owner, "stamp " + stamp, () -> templateStamp = stamp);
    }

    @Override
    public void resize(KeyRotation owner, WorkloadSpec workload, int size) {
      deployment.write(owner, "resize", () -> replicas = size);
    }

    @Override
    public void claim(
        KeyRotation owner, WorkloadSpec workload, java.util.function.BooleanSupplier current) {
      deployment.claim(owner, "Deployment", current);
    }
  }

  public Proxies proxies() {
    return rotation -> proxy();
  }

  public ProxyApi proxy() {
    return new ProxyApi() {
      @Override
      public KeyAnswer ask(URI instance, KeyMaterial key) {
        Pod pod = pod(instance);
        if (pod == null || !ready(pod) || instancesDoNotAnswer) {
          return new KeyAnswer.Unclear("no connection");
        }
        Instant expires = grace.get(key);
        return pod.keys.master().equals(key)
                || rows.contains(key)
                || inRedis.contains(key)
                || cachedUntil.getOrDefault(key, Instant.MIN).isAfter(now)
                || (expires != null && expires.isAfter(now))
            ? new KeyAnswer.Accepted()
            : new KeyAnswer.Refused();
      }

      @Override
      public KeyOrigin origin(URI instance, KeyMaterial key) {
        Pod pod = pod(instance);
        return !tellsOrigin || pod == null
            ? KeyOrigin.NOT_TOLD
            : pod.keys.master().equals(key) ? KeyOrigin.OWN_MASTER_KEY : KeyOrigin.ROW;
      }

      @Override
      public Models models(URI instance, KeyMaterial master) {
        Pod pod = pod(instance);
        if (pod == null || !ready(pod)) {
          return new Models.Unclear("no connection");
        }
        long readable = values.stream().filter(pod.keys.encryption()::equals).count();
        return readable == values.size()
            ? new Models.Listed(values.size(), List.of())
            : new Models.Listed(values.size(), List.of("model-1"));
      }

      @Override
      public @Nullable String version(URI instance, KeyMaterial master) {
        return "1.108.4";
      }

      private @Nullable Pod pod(URI url) {
        return pods.stream()
            .filter(p -> url.getHost().equals("pod-" + p.number))
            .findFirst()
            .orElse(null);
      }
    };
  }

  /** The Redis server through which instances share their cache of keys. */
  public AuthCache authCache() {
    return new AuthCache() {
      @Override
      public boolean remembers(KeyMaterial key) {
        if (redisDown) {
          throw new RotationException(
              ConditionReason.REDIS_UNAVAILABLE, Recovery.RETRY, "Redis does not answer.");
        }
        return inRedis.contains(key);
      }

      @Override
      public void forget(KeyMaterial key) {
        change("evict", () -> inRedis.remove(key));
      }
    };
  }

  private Fence fakeFence() {
    return new Fence() {
      @Override
      public Check check() {
        return new Check.Possible();
      }

      @Override
      public Check checkMarks() {
        return new Check.Possible();
      }

      @Override
      public @Nullable String mark(String rotationId) {
        needDatabase();
        return fenceMark;
      }

      @Override
      public Set<String> addresses(String rotationId) {
        needDatabase();
        return Set.copyOf(fenced);
      }

      @Override
      public void shrink(DatabaseOwner owner, String rotationId, Set<String> addresses) {
        transaction(
            owner,
            "shrink fence to " + addresses.size(),
            () -> {
              fenced.retainAll(addresses);
              fenceMark = addresses.isEmpty() ? null : fenceMark;
              if (oldPodWritesOnceMore && fenced.isEmpty()) {
                oldPodWritesOnceMore = false;
                values.set(0, pods.getFirst().keys.encryption());
                revisions.values().stream()
                    .map(KeySet::encryption)
                    .filter(key -> !values.contains(key))
                    .findFirst()
                    .ifPresent(key -> values.set(0, key));
              }
            });
      }

      @Override
      public List<String> standing(DatabaseOwner owner) {
        needDatabase();
        return fenced.isEmpty() && fenceMark == null ? List.of() : List.of("litellm-r1");
      }

      @Override
      public void remove(DatabaseOwner owner) {
        transaction(
            owner,
            "remove fence",
            () -> {
              fenced.clear();
              fenceMark = null;
            });
      }

      @Override
      public long sweep(
          DatabaseOwner owner,
          String rotationId,
          Direction direction,
          KeyMaterial from,
          KeyMaterial to) {
        transaction(owner, "sweep", () -> values.replaceAll(key -> key.equals(from) ? to : key));
        return 1;
      }
    };
  }

  public RotationDatabase database() {
    return new RotationDatabase() {
      @Override
      public Instant clock() {
        needDatabase();
        return now.plus(databaseAhead);
      }

      @Override
      public void claim(DatabaseOwner owner) {
        needDatabase();
        if (!claim.equals(owner.epoch())) {
          transaction(owner, "claim database", () -> {});
        }
      }

      @Override
      public void release(DatabaseOwner owner) {
        transaction(owner, "release the claim", () -> {});
      }

      @Override
      public Report inspect(DatabaseOwner owner, KeySet current) {
        needDatabase();
        return new Report(
            List.of(
                new ColumnCount("LiteLLM_ProxyModelTable", "litellm_params", values.size(), true)),
            values.size(),
            rows.contains(current.master()) ? 1 : 0,
            List.of(),
            List.of());
      }

      @Override
      public Journal journal(String rotationId, Direction direction, KeyMaterial to) {
        needDatabase();
        DataCounts counts = journal.get(rotationId + direction);
        return counts == null ? new Journal.NotCommitted() : new Journal.Committed(counts);
      }

      @Override
      public DataCounts reencrypt(
          Reencryption request, java.util.function.Consumer<Progress> progress) {
        needDatabase();
        if (unreadableValue && request.direction() == Direction.FORWARD) {
          throw new RotationException(
              ConditionReason.VALUE_UNREADABLE,
              Recovery.ROLL_BACK,
              "Row model-1 opens under no key.");
        }
        if (!request.besideInstances() && !pods.isEmpty()) {
          violations.add("values changed key under " + pods.size() + " running instances");
        }
        DataCounts counts = new DataCounts(1, values.size(), values.size(), 0, 0);
        transaction(
            request.owner(),
            "reencrypt " + request.direction(),
            () -> {
              values.replaceAll(key -> key.equals(request.from()) ? request.to() : key);
              fenced.clear();
              fenced.addAll(request.fenced());
              fenceMark = request.admitted();
              journal.put(request.rotationId() + request.direction(), counts);
            });
        return counts;
      }

      @Override
      public long valuesUnder(KeyMaterial key) {
        needDatabase();
        return values.stream().filter(key::equals).count();
      }

      @Override
      public int masterKeyRows(KeyMaterial master) {
        needDatabase();
        return rows.contains(master) ? 1 : 0;
      }

      @Override
      public MasterKeyRows moveMasterKeyRows(
          DatabaseOwner owner,
          String rotationId,
          Direction direction,
          KeyMaterial from,
          KeyMaterial to,
          MasterKeyRowPolicy policy) {
        needDatabase();
        int found = masterKeyRows(from);
        transaction(
            owner,
            "move rows",
            () -> {
              moved.put(rotationId + direction, new MasterKeyRows(found, found));
              grace.clear();
              if (rows.remove(from)) {
                cachedUntil.put(from, now.plusSeconds(50));
                rows.add(to);
              }
            });
        return new MasterKeyRows(found, found);
      }

      @Override
      public @Nullable MasterKeyRows movedMasterKeyRows(String rotationId, Direction direction) {
        return moved.get(rotationId + direction);
      }

      @Override
      public void openGrace(
          DatabaseOwner owner, String rotationId, Map<KeyMaterial, Instant> until) {
        transaction(
            owner,
            until.size() > 1 ? "open grace" : "set end of grace",
            () ->
                until.forEach(
                    (key, end) -> {
                      if (!rows.contains(key)) {
                        grace.put(key, end);
                      }
                    }));
      }

      @Override
      public @Nullable Instant graceExpiry(String rotationId, KeyMaterial key) {
        needDatabase();
        return rows.contains(key) ? NO_EXPIRY : grace.get(key);
      }

      @Override
      public EndedSessions endSessions(DatabaseOwner owner, String rotationId) {
        transaction(
            owner,
            "end sessions",
            () -> {
              endedSessions.put(rotationId, new EndedSessions(sessions, now));
              sessions = 0;
            });
        return endedSessions.get(rotationId);
      }

      @Override
      public @Nullable EndedSessions endedSessions(String rotationId) {
        needDatabase();
        return endedSessions.get(rotationId);
      }

      @Override
      public Admins adminsSince(@Nullable Instant since, KeyMaterial master) {
        needDatabase();
        return new Admins(
            1,
            0,
            List.of(
                new AdminAccess(
                    AdminAccess.Kind.KEY,
                    "since " + since,
                    "default_user_id",
                    "2025-12-31T00:00:00Z",
                    "MasterKey")));
      }

      @Override
      public List<Session> otherSessions() {
        List<Session> sessions = new ArrayList<>();
        pods.forEach(
            pod ->
                sessions.add(
                    new Session(pooled ? "10.0.0.1" : "pod-" + pod.number, seenMark(pod))));
        for (int i = 0; i < strangeSessions; i++) {
          sessions.add(new Session("10.0.0.9", "reporting"));
        }
        return sessions;
      }

      @Override
      public List<String> grants(String role, boolean fence) {
        return List.of("GRANT SELECT ON models TO " + role);
      }

      @Override
      public Fence fence() {
        return fencePossible ? fakeFence() : Fence.unavailable("the role is a superuser");
      }

      @Override
      public void retire(DatabaseOwner owner, String rotationId) {
        transaction(owner, "retire " + rotationId, () -> {});
      }
    };
  }
}
