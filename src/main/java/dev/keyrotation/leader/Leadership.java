package dev.keyrotation.leader;

import io.fabric8.kubernetes.api.model.coordination.v1.Lease;
import io.fabric8.kubernetes.api.model.coordination.v1.LeaseBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.extended.leaderelection.LeaderCallbacks;
import io.javaoperatorsdk.operator.api.config.LeaderElectionConfiguration;
import java.lang.management.ManagementFactory;
import org.jboss.logging.Logger;

/**
 * Whether this process is the one that acts.
 *
 * <p>Losing the lease ends the process at once: a turn that is under way cannot be called back, and
 * another process may begin its own. A crash at any point is harmless, so an end is. On a shutdown
 * that was asked for, the lease is given up once no turn runs, so that the next process need not
 * wait until it expires. The framework can do neither: it leaves the lease behind, and its own exit
 * would wait for the shutdown that called it.
 */
public final class Leadership {
  private static final Logger LOG = Logger.getLogger(Leadership.class);

  private final KubernetesClient client;
  private final LeaderElectionSettings settings;
  private final String identity;
  private final Runnable end;
  private volatile boolean leading;
  private volatile boolean stopping;

  /**
   * @param identity names this process in the lease; no other process may have the same, also not
   *     an earlier one of the same pod
   * @param end ends the process without waiting for anything
   */
  public Leadership(
      KubernetesClient client, LeaderElectionSettings settings, String identity, Runnable end) {
    this.client = client;
    this.settings = settings;
    this.identity = identity;
    this.end = end;
  }

  /** For the framework, which runs the election. */
  public LeaderElectionConfiguration configuration() {
    return new LeaderElectionConfiguration(
        settings.leaseName(),
        namespace(),
        settings.leaseDuration(),
        settings.renewDeadline(),
        settings.retryPeriod(),
        identity,
        new LeaderCallbacks(this::begin, this::lose, this::follow),
        false);
  }

  /** True while this process may act; always without election. */
  public boolean leads() {
    return leading || !settings.enabled();
  }

  private void begin() {
    leading = true;
    LOG.infof(
        "this process leads as %s, %d ms after its start",
        identity, ManagementFactory.getRuntimeMXBean().getUptime());
  }

  private void follow(String leader) {
    if (!identity.equals(leader)) {
      LOG.infof("the leader is %s", leader == null || leader.isEmpty() ? "nobody" : leader);
    }
  }

  private void lose() {
    leading = false;
    if (!stopping) {
      LOG.error(
          "the lease is lost: this process ends, so that it and the next leader never act both");
      end.run();
    }
  }

  /** A shutdown begins: from now on the end of the election is no loss. */
  public void stopping() {
    stopping = true;
  }

  /**
   * Gives the lease up, if it is still ours. To be called when no turn runs any more; failing is
   * harmless, since a lease expires.
   */
  public void release() {
    if (!settings.enabled()) {
      return;
    }
    try {
      Lease lease = client.leases().inNamespace(namespace()).withName(settings.leaseName()).get();
      if (lease == null || !identity.equals(lease.getSpec().getHolderIdentity())) {
        return;
      }
      // The version that was read goes along: nobody else's lease is taken away.
      client
          .resource(
              new LeaseBuilder(lease)
                  .editSpec()
                  .withHolderIdentity("")
                  .withLeaseDurationSeconds(1)
                  .endSpec()
                  .build())
          .update();
      LOG.infof("%s has given the lease up", identity);
    } catch (KubernetesClientException e) {
      LOG.warnf(
          "the lease could not be given up, the next leader waits %d s: HTTP status %d",
          settings.leaseDuration().toSeconds(), e.getCode());
    }
  }

  private String namespace() {
    return settings.leaseNamespace().orElseGet(client::getNamespace);
  }
}
