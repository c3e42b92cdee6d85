package dev.keyrotation.cluster;

import io.fabric8.kubernetes.api.model.HasMetadata;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** The names under which we mark what we write in a cluster. */
public final class Marks {
  /** Field manager of everything that we apply. */
  public static final String FIELD_MANAGER = "keyrotation";

  /** Standard label of what a program looks after, with the value {@link #FIELD_MANAGER}. */
  public static final String MANAGED_BY = "app.kubernetes.io/managed-by";

  /** Label with the name of the KeyRotation; see {@link #labelValue}. */
  public static final String NAME = "keyrotation.dev/name";

  /**
   * Annotation of consumer Secret, pod template and pods: {@code RotationStatus.stamp()} of the
   * rotation that touched them last.
   */
  public static final String STAMP = "keyrotation.dev/revision";

  private static final int LABEL_LENGTH = 63;
  private static final int HASHED_PREFIX = 26;

  private Marks() {}

  /** Selects what belongs to every KeyRotation that ever had this name. */
  public static Map<String, String> selector(String name) {
    return Map.of(MANAGED_BY, FIELD_MANAGER, NAME, labelValue(name));
  }

  /** Names may be longer than label values; a long one ends in a hash. */
  public static String labelValue(String name) {
    return name.length() <= LABEL_LENGTH
        ? name
        : name.substring(0, HASHED_PREFIX)
            + "-"
            + UUID.nameUUIDFromBytes(name.getBytes(StandardCharsets.UTF_8));
  }

  /** The stamp that an object carries. */
  public static @Nullable String stamp(HasMetadata object) {
    return annotations(object).get(STAMP);
  }

  /** The labels of an object, never null. */
  public static Map<String, String> labels(HasMetadata object) {
    Map<String, String> labels = object.getMetadata().getLabels();
    return labels == null ? Map.of() : labels;
  }

  /** The annotations of an object, never null. */
  public static Map<String, String> annotations(HasMetadata object) {
    Map<String, String> annotations = object.getMetadata().getAnnotations();
    return annotations == null ? Map.of() : annotations;
  }
}
