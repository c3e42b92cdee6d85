package dev.keyrotation.systemd;

import static org.assertj.core.api.Assertions.assertThat;

import dev.keyrotation.api.v1alpha1.SystemdUnitTarget;
import dev.keyrotation.workload.Workloads.State;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class UnitStateTest {
  private static final String OLD = "litellm-r2/Forward";
  private static final String NEW = "litellm-r3/Forward";
  private static final SystemdUnitTarget UNIT =
      SystemdUnitTarget.local("litellm.service", "/etc/litellm.env");

  private final Map<String, String> facts = new LinkedHashMap<>();
  private boolean answers = true;

  UnitStateTest() {
    facts.put("LoadState", "loaded");
    facts.put("ActiveState", "active");
    facts.put("SubState", "running");
    facts.put("Result", "success");
    facts.put("MainPID", "42");
    facts.put("InactiveEnterTimestampMonotonic", "900000000");
    facts.put("NRestarts", "0");
    facts.put("NeedDaemonReload", "no");
    facts.put("Uptime", "1000.00");
    facts.put("Now", "500000");
    facts.put("DropInTime", "400000");
    facts.put("DropInStamp", OLD);
    facts.put("RunningStamp", OLD);
    facts.put("Processes", "3");
  }

  private State state() {
    String text =
        facts.entrySet().stream()
            .map(fact -> fact.getKey() + "=" + fact.getValue())
            .collect(Collectors.joining("\n"));
    return new UnitState(UNIT, UnitFacts.parse(text), answers).state();
  }

  private void stopped(String how) {
    facts.put("ActiveState", how);
    facts.put("SubState", how);
    facts.put("MainPID", "0");
    facts.put("Processes", "0");
    facts.remove("RunningStamp");
  }

  @Test
  void runningUnitOfThePresentDropInIsSettled() {
    State state = state();

    assertThat(state.settled()).isTrue();
    assertThat(state.replicas()).isEqualTo(1);
    assertThat(state.stamp()).isEqualTo(OLD);
    assertThat(state.instances())
        .singleElement()
        .satisfies(
            i -> {
              assertThat(i.stamp()).isEqualTo(OLD);
              assertThat(i.ready()).isTrue();
              assertThat(i.url()).hasToString("http://127.0.0.1:4000");
            });
  }

  @Test
  void unitWithoutAnyDropInIsSettledToo() {
    facts.keySet().removeAll(java.util.Set.of("DropInTime", "DropInStamp", "RunningStamp"));

    assertThat(state().settled()).isTrue();
    assertThat(state().stamp()).isNull();
  }

  @Test
  void unitThatIsNotReadyIsNotSettled() {
    answers = false;

    assertThat(state().settled()).isFalse();
    assertThat(state().problem()).contains("does not say that it is ready");
  }

  @Test
  void dropInThatTheRunningProcessWasNotMadeFromIsNotInEffect() {
    facts.put("DropInStamp", NEW);

    assertThat(state().stamp()).isEqualTo(OLD);
    assertThat(state().settled()).isFalse();
  }

  @Test
  void restartThatIsQueuedBringsTheNewDropIn() {
    facts.put("DropInStamp", NEW);
    facts.put("JobType", "restart");

    assertThat(state().stamp()).isEqualTo(NEW);
    assertThat(state().replicas()).isEqualTo(1);
    assertThat(state().instances())
        .singleElement()
        .satisfies(i -> assertThat(i.terminating()).isTrue());
  }

  @Test
  void dropInThatSystemdHasNotReadIsNotInEffect() {
    facts.put("NeedDaemonReload", "yes");

    assertThat(state().stamp()).isNull();
  }

  @Test
  void stoppedUnitIsNotWanted() {
    stopped("inactive");

    assertThat(state().replicas()).isZero();
    assertThat(state().instances()).isEmpty();
    assertThat(state().failed()).isFalse();
  }

  @Test
  void unitThatIsStoppingStillRuns() {
    facts.put("ActiveState", "deactivating");
    facts.put("JobType", "stop");

    assertThat(state().replicas()).isZero();
    assertThat(state().instances()).hasSize(1);
  }

  @Test
  void processesThatWereLeftCountAsRunning() {
    stopped("inactive");
    facts.put("Processes", "1");

    assertThat(state().instances()).hasSize(1);
  }

  @Test
  void unitThatFailedAfterItsStartIsWantedAndHasFailed() {
    stopped("failed");
    facts.put("Result", "exit-code");
    facts.put("DropInTime", "499895"); // written 105 s ago, failed 100 s ago

    assertThat(state().failed()).isTrue();
    assertThat(state().replicas()).isEqualTo(1);
    assertThat(state().problem()).isEqualTo("it failed (exit-code)");
  }

  @Test
  void unitThatFailedWhenItWasStoppedIsStopped() {
    stopped("failed");
    facts.put("DropInTime", "499990"); // written 10 s ago, failed 100 s ago

    assertThat(state().failed()).isFalse();
    assertThat(state().replicas()).isZero();
  }

  @Test
  void unitThatSystemdRestartsAgainAndAgainHasFailed() {
    stopped("activating");
    facts.put("SubState", "auto-restart");
    facts.put("NRestarts", "3");

    assertThat(state().failed()).isTrue();
    assertThat(state().replicas()).isEqualTo(1);
  }

  @Test
  void unknownUnitDoesNotExist() {
    facts.put("LoadState", "not-found");

    assertThat(state().exists()).isFalse();
  }

  @Test
  void timeSpansAreReadAsSystemctlPrintsThem() {
    assertThat(TimeSpan.parse("1min 30s")).isEqualTo(Duration.ofSeconds(90));
    assertThat(TimeSpan.parse("2h 500ms")).isEqualTo(Duration.ofMillis(7_200_500));
    assertThat(TimeSpan.parse("infinity")).isNull();
  }
}
