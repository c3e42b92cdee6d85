package dev.keyrotation.observe;

import dev.keyrotation.api.v1alpha1.KeyRotation;
import java.util.List;

/** Other KeyRotations that want to rotate the same keys. */
public interface Rivals {
  /** Names of the other KeyRotations that share the consumer Secret or a workload, for people. */
  List<String> of(KeyRotation primary);

  /** For hosts of the engine that know only one resource. */
  static Rivals none() {
    return primary -> List.of();
  }
}
