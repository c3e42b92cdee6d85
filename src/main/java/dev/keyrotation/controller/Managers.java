package dev.keyrotation.controller;

import dev.keyrotation.api.v1alpha1.KeyRotation;
import io.fabric8.kubernetes.api.model.FieldsV1;
import io.fabric8.kubernetes.api.model.ManagedFieldsEntry;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Who set what in a resource, as the API server keeps it: the field manager, so the program that
 * asked. Which user ran it stands in the API server's audit log alone.
 */
final class Managers {
  private static final Comparator<ManagedFieldsEntry> BY_TIME =
      Comparator.comparing(
          ManagedFieldsEntry::getTime, Comparator.nullsFirst(Comparator.naturalOrder()));

  private Managers() {}

  /** Who set {@code spec.rotate.FIELD} last; null when that is not known. */
  static @Nullable String whoSet(KeyRotation primary, String field) {
    List<ManagedFieldsEntry> entries = primary.getMetadata().getManagedFields();
    return entries == null
        ? null
        : entries.stream()
            .filter(entry -> entry.getManager() != null && owns(entry.getFieldsV1(), field))
            .max(BY_TIME)
            .map(entry -> "field manager " + entry.getManager())
            .orElse(null);
  }

  private static boolean owns(@Nullable FieldsV1 fields, String field) {
    Object at = fields == null ? null : fields.getAdditionalProperties();
    for (String part : List.of("f:spec", "f:rotate", "f:" + field)) {
      at = at instanceof Map<?, ?> map ? map.get(part) : null;
    }
    return at != null;
  }
}
