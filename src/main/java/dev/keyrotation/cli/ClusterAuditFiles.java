package dev.keyrotation.cli;

import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.audit.AuditChain;
import dev.keyrotation.audit.AuditGaps;
import dev.keyrotation.audit.AuditReport;
import dev.keyrotation.audit.StatusEdges;
import dev.keyrotation.cluster.AuditMaps;
import io.fabric8.kubernetes.api.model.ConfigMap;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.function.Supplier;

/**
 * The audit that the operator wrote, from the ConfigMaps in which it lies. They are found by their
 * names and not by labels: a label that somebody took away must not make an end of it invisible.
 */
final class ClusterAuditFiles {
  private final String resource;
  private final Supplier<Collection<ConfigMap>> maps;

  /** Where the first line of a ConfigMap is in the whole. */
  private record Part(String map, int before) {}

  private final List<Part> parts = new ArrayList<>();

  /**
   * @param maps reads all ConfigMaps of the namespace
   */
  ClusterAuditFiles(String resource, Supplier<Collection<ConfigMap>> maps) {
    this.resource = resource;
    this.maps = maps;
  }

  List<String> lines() {
    List<String> lines = new ArrayList<>();
    parts.clear();
    AuditMaps.of(resource, maps.get())
        .values()
        .forEach(
            map -> {
              parts.add(new Part(map.getMetadata().getName(), lines.size()));
              lines.addAll(AuditMaps.lines(map));
            });
    return lines;
  }

  /** Where a line of the last {@link #lines} stands, counted from 1. */
  String place(long number) {
    return parts.reversed().stream()
        .filter(part -> part.before() < number)
        .findFirst()
        .map(
            part ->
                "Line "
                    + number
                    + " (line "
                    + (number - part.before())
                    + " of ConfigMap "
                    + part.map()
                    + ")")
        .orElse("Line " + number);
  }

  /** What the status tells of and an intact audit does not. */
  static List<String> missing(KeyRotation resource, List<String> lines) {
    return AuditGaps.missing(
            lines.stream().map(AuditChain::read).toList(),
            StatusEdges.of(resource, field -> null),
            Instant.parse(resource.getMetadata().getCreationTimestamp()))
        .stream()
        .map(
            edge ->
                edge.time()
                    + (edge.entry().rotation() == null ? "" : " " + edge.entry().rotation())
                    + ": "
                    + AuditReport.sentence(edge.entry()))
        .toList();
  }
}
