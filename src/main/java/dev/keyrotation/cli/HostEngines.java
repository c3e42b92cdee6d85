package dev.keyrotation.cli;

import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.database.RotationDatabase;
import dev.keyrotation.engine.RotationEngine;
import dev.keyrotation.observe.LiveCheck;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.List;
import java.util.function.Supplier;

/** Puts the engine together for a host. */
interface HostEngines {
  /**
   * The same, with a cluster for what the resource has there; it is connected to when it is needed.
   */
  HostEngines withCluster(Supplier<KubernetesClient> client);

  RotationEngine engine(KeyRotation resource, StateDirectory directory);

  LiveCheck liveCheck(KeyRotation resource, StateDirectory directory);

  /** The database that the resource names. */
  RotationDatabase database(KeyRotation resource, StateDirectory directory);

  /** Checks of the host itself, beyond what preflight reads. */
  List<Backend.Check> environment(KeyRotation resource, StateDirectory directory);
}
