package dev.keyrotation.leader;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.cluster.TestCluster;
import dev.keyrotation.cluster.TestRotations;
import io.fabric8.kubernetes.api.model.coordination.v1.Lease;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.javaoperatorsdk.operator.Operator;
import io.javaoperatorsdk.operator.api.reconciler.Context;
import io.javaoperatorsdk.operator.api.reconciler.ControllerConfiguration;
import io.javaoperatorsdk.operator.api.reconciler.Reconciler;
import io.javaoperatorsdk.operator.api.reconciler.UpdateControl;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Who acts when two operators run against a real API server. */
@Tag("cluster")
class LeadershipIT {
  private static final Duration LEASE = Duration.ofSeconds(6);

  @AutoClose private final TestCluster cluster = TestCluster.connect();
  private final KubernetesClient client = cluster.client();
  private final List<Process> processes = new ArrayList<>();

  @BeforeEach
  void start() {
    KeyRotation resource = TestRotations.in(cluster.namespace());
    resource.getMetadata().setUid(null);
    client.resource(resource).create();
  }

  @AfterEach
  void stop() {
    processes.forEach(p -> p.stop());
  }

  @ControllerConfiguration
  static final class Counting implements Reconciler<KeyRotation> {
    private final AtomicInteger turns = new AtomicInteger();

    @Override
    public UpdateControl<KeyRotation> reconcile(KeyRotation primary, Context<KeyRotation> context) {
      turns.incrementAndGet();
      return UpdateControl.<KeyRotation>noUpdate().rescheduleAfter(Duration.ofMillis(200));
    }
  }

  /** An operator as it is wired in production, but for its end, which is only noted down. */
  private final class Process {
    private final Counting reconciler = new Counting();
    private final AtomicBoolean ended = new AtomicBoolean();
    private final Leadership leadership;
    private final Operator operator;
    private boolean stopped;

    Process(String identity) {
      leadership = new Leadership(client, settings(), identity, () -> ended.set(true));
      operator =
          new Operator(
              overrider ->
                  overrider
                      .withKubernetesClient(client)
                      .withCloseClientOnStop(false)
                      .withLeaderElectionConfiguration(leadership.configuration()));
      operator.register(
          reconciler, configuration -> configuration.settingNamespace(cluster.namespace()));
      operator.start();
      processes.add(this);
    }

    /** As a shutdown that was asked for. */
    void stop() {
      if (!stopped) {
        stopped = true;
        leadership.stopping();
        operator.stop();
        leadership.release();
      }
    }
  }

  private LeaderElectionSettings settings() {
    return new LeaderElectionSettings() {
      @Override
      public boolean enabled() {
        return true;
      }

      @Override
      public String leaseName() {
        return "keyrotation";
      }

      @Override
      public Optional<String> leaseNamespace() {
        return Optional.of(cluster.namespace());
      }

      @Override
      public Duration leaseDuration() {
        return LEASE;
      }

      @Override
      public Duration renewDeadline() {
        return Duration.ofSeconds(4);
      }

      @Override
      public Duration retryPeriod() {
        return Duration.ofMillis(300);
      }
    };
  }

  private Process leader(String identity) {
    Process process = new Process(identity);
    await().atMost(Duration.ofSeconds(20)).until(() -> process.reconciler.turns.get() > 0);
    return process;
  }

  private Lease lease() {
    return client.leases().inNamespace(cluster.namespace()).withName("keyrotation").get();
  }

  @Test
  void onlyTheLeaderReconcilesAndAnOrderlyStopHandsOverBeforeTheLeaseExpires() {
    Process first = leader("first");
    Process second = new Process("second");
    int before = first.reconciler.turns.get();
    await().atMost(Duration.ofSeconds(10)).until(() -> first.reconciler.turns.get() > before + 5);
    assertThat(second.reconciler.turns).hasValue(0);
    assertThat(second.leadership.leads()).isFalse();

    first.stop();

    await().atMost(LEASE.minusSeconds(2)).until(() -> second.reconciler.turns.get() > 0);
    assertThat(second.leadership.leads()).isTrue();
    assertThat(lease().getSpec().getHolderIdentity()).isEqualTo("second");
    assertThat(first.ended).as("an orderly stop is not a lost lease").isFalse();
  }

  @Test
  void processThatLosesTheLeaseEnds() {
    Process first = leader("first");

    client
        .leases()
        .inNamespace(cluster.namespace())
        .withName("keyrotation")
        .patch(
            PatchContext.of(PatchType.JSON_MERGE), "{\"spec\":{\"holderIdentity\":\"somebody\"}}");

    await().atMost(Duration.ofSeconds(10)).untilTrue(first.ended);
    assertThat(first.leadership.leads()).isFalse();
  }

  @Test
  void leaseOfAnotherProcessIsNotGivenUp() {
    leader("first");
    Leadership late = new Leadership(client, settings(), "late", () -> {});

    late.release();

    assertThat(lease().getSpec().getHolderIdentity()).isEqualTo("first");
  }
}
