package dev.keyrotation.leader;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.time.Duration;
import java.util.Optional;

/**
 * How leaders are elected; each can be set by environment, for example {@code
 * KEYROTATION_LEADER_ELECTION_LEASE_DURATION=15s}.
 *
 * <p>The periods are those of Kubernetes' own controllers. A leader that cannot renew gives up
 * after {@link #renewDeadline}, before others may take over, after {@link #leaseDuration}.
 */
@ConfigMapping(prefix = "keyrotation.leader-election")
public interface LeaderElectionSettings {
  /** Without it every process acts: only for a single process. */
  @WithDefault("true")
  boolean enabled();

  /** Name of the Lease. */
  @WithDefault("keyrotation")
  String leaseName();

  /** Its namespace; by default that of the pod. */
  Optional<String> leaseNamespace();

  /** How long others wait since the last renewal that they saw, before one of them takes over. */
  @WithDefault("15S")
  Duration leaseDuration();

  /** How long a leader tries in vain to renew before it ends itself. */
  @WithDefault("10S")
  Duration renewDeadline();

  /** How often a leader renews and the others look. */
  @WithDefault("2S")
  Duration retryPeriod();
}
