package dev.keyrotation.cluster;

import io.fabric8.kubernetes.api.model.HasMetadata;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The names under which we mark what we write in a cluster. */
public final class Marks {
  /** Field manager of everything that we apply. */
  public static final String FIELD_MANAGER = "keyrotation";

  /** Standard label of what a program looks after, with the value {@link #FIELD_MANAGER}. */
  public static final String MANAGED_BY = "app.kubernetes.io/managed-by";

  /**
   * Annotation of consumer Secret, pod template and pods: {@code RotationStatus.stamp()} of the
   * rotation that touched them last.
   */
  public static final String STAMP = "keyrotation.dev/revision";

  private Marks() {}

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
