package dev.keyrotation.leader;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.javaoperatorsdk.operator.api.config.LeaderElectionConfiguration;
import io.quarkus.arc.Unremovable;
import io.quarkus.runtime.ShutdownEvent;
import jakarta.annotation.Priority;
import jakarta.enterprise.context.Dependent;
import jakarta.enterprise.event.Observes;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import jakarta.interceptor.Interceptor;
import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Ties leadership to the life of the application. */
@Dependent
class LeadershipProducer {

  @Produces
  @Singleton
  Leadership leadership(KubernetesClient client, LeaderElectionSettings settings) {
    String host = Objects.requireNonNullElse(System.getenv("HOSTNAME"), "keyrotation");
    return new Leadership(
        client,
        settings,
        host + "_" + UUID.randomUUID(),
        () -> Runtime.getRuntime().halt(1)); // an orderly exit would first finish what it does
  }

  /** Null, which the extension takes for "no election", when it is switched off. */
  @Produces
  @Dependent
  @Unremovable
  @Nullable LeaderElectionConfiguration configuration(
      Leadership leadership, LeaderElectionSettings settings) {
    return settings.enabled() ? leadership.configuration() : null;
  }

  /** Before the extension stops the operator. */
  void stopping(
      @Observes @Priority(Interceptor.Priority.LIBRARY_BEFORE) ShutdownEvent event,
      Leadership leadership) {
    leadership.stopping();
  }

  /** After the extension has stopped the operator, which it does at the default priority. */
  void stopped(
      @Observes @Priority(Interceptor.Priority.APPLICATION + 1_000) ShutdownEvent event,
      Leadership leadership) {
    leadership.release();
  }
}
