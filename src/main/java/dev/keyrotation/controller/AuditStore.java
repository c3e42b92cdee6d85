package dev.keyrotation.controller;

import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.audit.AuditChain;
import dev.keyrotation.audit.AuditChain.Head;
import dev.keyrotation.audit.AuditRecord;
import dev.keyrotation.audit.StatusEdges.Edge;
import dev.keyrotation.cluster.AuditMaps;
import dev.keyrotation.cluster.ClusterCall;
import dev.keyrotation.cluster.Marks;
import dev.keyrotation.failure.Recovery;
import dev.keyrotation.failure.RotationException;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Appends to the audit of a KeyRotation in its ConfigMaps. A write names the version that was read;
 * so of two processes that append at once one reads again.
 *
 * <p>They have no owner: an audit that garbage collection removes with its resource is none. One
 * that is full is made immutable before the next is begun, which carries on its numbers and hashes.
 *
 * <p>Rights: {@code get}, {@code list}, {@code create}, {@code update} on ConfigMaps.
 */
final class AuditStore {
  /** Characters from which on lines go into the next ConfigMap. */
  static final int FULL = 256 << 10;

  /**
   * Characters that are written at once, and one line more. Both together stay below the API
   * server's limit of 1 MiB, also if each character took three bytes.
   */
  private static final int AT_ONCE = 64 << 10;

  private static final int ATTEMPTS = 5;

  private final KubernetesClient client;
  private final int full;

  /** Numbers of the ConfigMaps that are written, by resource; only to save requests. */
  private final Map<String, Integer> numbers = new ConcurrentHashMap<>();

  AuditStore(KubernetesClient client) {
    this(client, FULL);
  }

  AuditStore(KubernetesClient client, int full) {
    this.client = client;
    this.full = full;
  }

  /** The end of an audit: the ConfigMap that is written, and the one before it. */
  private record Tail(int number, @Nullable ConfigMap current, List<AuditRecord> records) {
    Head head() {
      return records.isEmpty()
          ? Head.EMPTY
          : new Head(records.getLast().seq() + 1, records.getLast().hash());
    }
  }

  /**
   * Appends what {@code missing} finds missing in the lines at the end of the audit.
   *
   * @return where the audit ends after a write; null when nothing was missing
   * @throws RotationException with {@code AUDIT_NOT_WRITTEN} when the API server refuses or does
   *     not answer, a ConfigMap of that name is not ours, or a line is damaged
   */
  @Nullable Head append(KeyRotation primary, Function<List<AuditRecord>, List<Edge>> missing) {
    Head end = null;
    int before = Integer.MAX_VALUE;
    while (true) {
      Written written =
          retried(
              primary,
              () -> {
                Tail tail = tail(primary);
                List<Edge> edges = missing.apply(tail.records());
                return edges.isEmpty()
                    ? null
                    : new Written(write(primary, tail, edges), edges.size());
              });
      if (written == null) {
        return end;
      }
      if (written.missing() >= before) {
        // Else it would be written for ever.
        throw failure(
            "What was written to ConfigMap "
                + where(primary, numberOf(primary))
                + " is not found there again; somebody else changes it.");
      }
      end = written.end();
      before = written.missing();
    }
  }

  /** Where the audit ends after a write, and how many edges were missing before it. */
  private record Written(Head end, int missing) {}

  /**
   * Asks the API server whether it would take a write, without one.
   *
   * @throws RotationException as {@link #append}
   */
  void requireWritable(KeyRotation primary) {
    retried(
        primary,
        () -> {
          Tail tail = tail(primary);
          ConfigMap current = tail.current();
          if (current == null) {
            client.resource(fresh(primary, tail.number(), "")).dryRun().create();
          } else {
            client.resource(current).dryRun().update();
          }
          return null;
        });
  }

  private interface Attempt {
    @Nullable Written make();
  }

  private @Nullable Written retried(KeyRotation primary, Attempt attempt) {
    for (int tried = 1; ; tried++) {
      try {
        return attempt.make();
      } catch (KubernetesClientException e) {
        if (tried == ATTEMPTS || !ClusterCall.isConflict(e)) {
          String doing = "write the audit, ConfigMap " + where(primary, numberOf(primary));
          throw failure(ClusterCall.failure(doing, e).sentence());
        }
        requireOurs(primary);
      }
    }
  }

  private Tail tail(KeyRotation primary) {
    SortedMap<Integer, ConfigMap> maps = known(primary);
    if (maps.isEmpty() || AuditMaps.isFull(maps.sequencedValues().getLast())) {
      maps = listed(primary);
    }
    if (maps.isEmpty()) {
      return new Tail(1, null, List.of());
    }
    int last = maps.lastKey();
    List<AuditRecord> records = new ArrayList<>();
    maps.tailMap(last - 1).forEach((number, map) -> read(primary, number, map, records));
    ConfigMap current = maps.sequencedValues().getLast();
    numbers.put(key(primary), last);
    return AuditMaps.isFull(current)
        ? new Tail(last + 1, null, records)
        : new Tail(last, current, records);
  }

  /** The ConfigMap that was written last and the one before it; empty when it is not there. */
  private SortedMap<Integer, ConfigMap> known(KeyRotation primary) {
    SortedMap<Integer, ConfigMap> maps = new TreeMap<>();
    Integer number = numbers.get(key(primary));
    if (number == null) {
      return maps;
    }
    ConfigMap current = get(primary, number);
    if (current != null) {
      maps.put(number, current);
      // The status may tell of what stands in the one before it.
      ConfigMap before = number > 1 ? get(primary, number - 1) : null;
      if (before != null) {
        maps.put(number - 1, before);
      }
    }
    return maps;
  }

  private SortedMap<Integer, ConfigMap> listed(KeyRotation primary) {
    String name = primary.getMetadata().getName();
    return AuditMaps.of(
        name,
        client
            .configMaps()
            .inNamespace(primary.getMetadata().getNamespace())
            .withLabels(Marks.selector(name))
            .list()
            .getItems());
  }

  private @Nullable ConfigMap get(KeyRotation primary, int number) {
    return client
        .configMaps()
        .inNamespace(primary.getMetadata().getNamespace())
        .withName(AuditMaps.name(primary.getMetadata().getName(), number))
        .get();
  }

  private static void read(
      KeyRotation primary, int number, ConfigMap map, List<AuditRecord> records) {
    List<String> lines = AuditMaps.lines(map);
    for (int i = 0; i < lines.size(); i++) {
      try {
        records.add(AuditChain.read(lines.get(i)));
      } catch (IllegalArgumentException e) {
        throw failure(
            "Line "
                + (i + 1)
                + " of the audit in ConfigMap "
                + where(primary, number)
                + " was damaged: "
                + e.getMessage()
                + ". Restore it from a backup; or copy the ConfigMap as evidence and delete it:"
                + " the next line then begins a new chain.");
      }
    }
  }

  private Head write(KeyRotation primary, Tail tail, List<Edge> edges) {
    ConfigMap current = tail.current();
    String text = current == null ? "" : AuditMaps.text(current);
    int number = tail.number();
    if (current != null && text.length() >= full) {
      replace(new ConfigMapBuilder(current).withImmutable(true).build());
      current = null;
      text = "";
      number++;
      numbers.put(key(primary), number);
    }
    Head head = tail.head();
    StringBuilder lines = new StringBuilder(text);
    for (Edge edge : edges) {
      if (lines.length() - text.length() > AT_ONCE) {
        break; // the rest is still missing
      }
      String line = AuditChain.line(head, edge.time(), key(primary), edge.entry());
      lines.append(line).append('\n');
      head = new Head(head.next() + 1, AuditChain.read(line).hash());
    }
    if (current == null) {
      client.resource(fresh(primary, number, lines.toString())).create();
    } else {
      replace(new ConfigMapBuilder(current).addToData(AuditMaps.ENTRY, lines.toString()).build());
    }
    numbers.put(key(primary), number);
    return head;
  }

  /** Fails when it is no longer the version that was read. */
  private void replace(ConfigMap map) {
    client.resource(map).lockResourceVersion(map.getMetadata().getResourceVersion()).update();
  }

  private static ConfigMap fresh(KeyRotation primary, int number, String text) {
    String name = primary.getMetadata().getName();
    return new ConfigMapBuilder()
        .withNewMetadata()
        .withName(AuditMaps.name(name, number))
        .withNamespace(primary.getMetadata().getNamespace())
        .withLabels(Marks.selector(name))
        .endMetadata()
        .addToData(AuditMaps.ENTRY, text)
        .build();
  }

  /** What cannot be created because it exists may be somebody else's. */
  private void requireOurs(KeyRotation primary) {
    int number = numberOf(primary);
    for (int each = number; each <= number + 1; each++) {
      ConfigMap map = get(primary, each);
      Map<String, String> ours = Marks.selector(primary.getMetadata().getName());
      if (map != null && !Marks.labels(map).entrySet().containsAll(ours.entrySet())) {
        throw failure(
            "The name of ConfigMap "
                + where(primary, each)
                + " is needed for the audit, and it lacks the labels "
                + "of what the operator made. Rename or remove it.");
      }
    }
  }

  private int numberOf(KeyRotation primary) {
    return numbers.getOrDefault(key(primary), 1);
  }

  private static RotationException failure(String sentence) {
    return new RotationException(ConditionReason.AUDIT_NOT_WRITTEN, Recovery.RETRY, sentence);
  }

  private static String key(KeyRotation primary) {
    return primary.getMetadata().getNamespace() + "/" + primary.getMetadata().getName();
  }

  private static String where(KeyRotation primary, int number) {
    return primary.getMetadata().getNamespace()
        + "/"
        + AuditMaps.name(primary.getMetadata().getName(), number);
  }
}
