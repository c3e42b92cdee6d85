package dev.keyrotation.cli;

import dev.keyrotation.api.v1alpha1.ConditionType;
import dev.keyrotation.api.v1alpha1.Failure;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.KeyRotationStatus;
import dev.keyrotation.api.v1alpha1.RotationStatus;
import dev.keyrotation.api.v1alpha1.SoakStatus;
import dev.keyrotation.plan.FailurePolicy;
import dev.keyrotation.plan.Statuses;
import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.Resource;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A resource in a cluster. The operator there does the work; this asks for it and watches. It needs
 * the rights of the user's kubeconfig and no others.
 */
final class ClusterBackend implements Backend {
  static final String FIELD_MANAGER = "kubectl-keyrotation";
  private static final Duration POLL = Duration.ofSeconds(1);
  private static final Duration SOAK_POLL = Duration.ofSeconds(10);
  private static final Duration ANSWER = Duration.ofSeconds(90);
  private static final String GOES_ON =
      "The operator goes on trying; `keyrotation status` shows it.";

  private final KubernetesClient client;
  private final String namespace;
  private final String name;
  private final Stop stop;
  private final Duration patience;
  private final Clock clock;
  private final ClusterAuditFiles audit;

  ClusterBackend(
      KubernetesClient client,
      String namespace,
      String name,
      Stop stop,
      Duration patience,
      Clock clock) {
    this.client = client;
    this.namespace = namespace;
    this.name = name;
    this.stop = stop;
    this.patience = patience;
    this.clock = clock;
    this.audit =
        new ClusterAuditFiles(
            name, () -> call(() -> client.configMaps().inNamespace(namespace).list().getItems()));
  }

  @Override
  public KeyRotation read() {
    KeyRotation found = call(() -> handle().get());
    if (found == null) {
      throw new CommandFailure(
          ExitCode.BAD_INPUT,
          "There is no KeyRotation " + name + " in namespace " + namespace + ".");
    }
    return found;
  }

  private Resource<KeyRotation> handle() {
    return client.resources(KeyRotation.class).inNamespace(namespace).withName(name);
  }

  private <T extends @Nullable Object> T call(Supplier<T> call) {
    try {
      return call.get();
    } catch (KubernetesClientException e) {
      throw new CommandFailure(
          ExitCode.STALLED,
          e.getCode() == 0
              ? "The API server " + client.getMasterUrl() + " does not answer."
              : "The API server refuses, HTTP status "
                  + e.getCode()
                  + (e.getStatus() == null ? "." : ": " + e.getStatus().getMessage() + "."),
          e);
    }
  }

  @Override
  public Result plan() {
    KeyRotation resource = read();
    KeyRotationStatus status = Statuses.of(resource);
    if (status.plan() == null) {
      return new Result(
          ExitCode.STALLED,
          "The operator has not written a plan yet. Does it run, and does it watch namespace "
              + namespace
              + "?",
          resource);
    }
    return status.plan().findings().isEmpty()
        ? new Result(
            ExitCode.SUCCEEDED, "Nothing stood in the way when the operator looked last.", resource)
        : Results.findings(resource);
  }

  @Override
  public Result run(HostResource.Wish wish, Soaking soaking, Follower follower) {
    if (soaking.period() != null) {
      throw new CommandFailure(
          ExitCode.BAD_INPUT,
          "In a cluster spec.soakPeriod says how long the operator watches; give --soak without a"
              + " duration.");
    }
    Result ended = run(wish, follower);
    return soaking.stays() && ended.exitCode() == ExitCode.SUCCEEDED
        ? soak(ended, follower)
        : ended;
  }

  private Result soak(Result ended, Follower follower) {
    KeyRotation resource = ended.resource();
    while (true) {
      SoakStatus soak = Statuses.of(resource).soak();
      if (soak == null || !soak.underWay()) {
        return Results.soaked(ended, resource);
      }
      stop.pause(SOAK_POLL);
      if (stop.isAsked()) {
        return Results.soakInterrupted(
            ended, resource, "The operator goes on; `keyrotation status` shows it.");
      }
      resource = read();
      follower.show(resource);
    }
  }

  @Override
  public Result run(HostResource.Wish wish, Follower follower) {
    KeyRotation resource = read();
    if (Statuses.of(resource).rotation() != null) {
      return follow(follower, null);
    }
    String request = resource.getSpec().rotate().request();
    if (wish instanceof HostResource.Wish.Rotate(String named)) {
      String handled = Statuses.of(resource).handledRequest();
      boolean open = request != null && !request.equals(handled);
      String text =
          named != null ? named : open ? request : "run-" + FailurePolicy.text(clock.instant());
      if (Objects.equals(text, handled)) {
        return new Result(
            ExitCode.SUCCEEDED,
            "Nothing is due: request " + text + " was handled before.",
            resource);
      }
      patch(Map.of("request", text, "planOnly", false));
      request = text;
    }
    return follow(follower, request);
  }

  @Override
  public Result rollBack(@Nullable String rotationId, Follower follower) {
    KeyRotation resource = read();
    String last = HostBackend.lastId(resource);
    if (rotationId != null && !rotationId.equals(last)) {
      throw new CommandFailure(
          ExitCode.BAD_INPUT,
          "Only the rotation under way or the last one can be rolled back: " + last + ".");
    }
    patch(Map.of("rollBack", last));
    return follow(follower, null);
  }

  private void patch(Map<String, Object> rotate) {
    String body = Resources.json(Map.of("spec", Map.of("rotate", rotate)));
    call(
        () ->
            handle()
                .patch(
                    new PatchContext.Builder()
                        .withPatchType(PatchType.JSON_MERGE)
                        .withFieldManager(FIELD_MANAGER)
                        .build(),
                    body));
  }

  /** Watches until the operator has looked at the spec as it is now and nothing is under way. */
  private Result follow(Follower follower, @Nullable String request) {
    var start = clock.instant();
    var stalledSince = start;
    while (true) {
      KeyRotation resource = read();
      KeyRotationStatus status = Statuses.of(resource);
      follower.show(resource);
      boolean answered =
          Objects.equals(status.observedGeneration(), resource.getMetadata().getGeneration());
      RotationStatus rotation = status.rotation();
      if (rotation == null && answered) {
        if (request == null || request.equals(status.handledRequest())) {
          return ended(resource);
        }
        Optional<Condition> blocked = condition(status, ConditionType.STALLED);
        if (blocked.filter(c -> "True".equals(c.getStatus())).isPresent()) {
          Result findings = Results.findings(resource);
          return new Result(
              findings.exitCode(),
              findings.sentence()
                  + "\n"
                  + "The request stays in the resource: the operator begins when nothing stands in"
                  + " the way.",
              resource);
        }
        return Results.held(resource);
      }
      if (!answered && rotation == null && clock.instant().isAfter(start.plus(ANSWER))) {
        return new Result(
            ExitCode.STALLED,
            "No operator answers. Does one run, and does it watch namespace " + namespace + "?",
            resource);
      }
      Failure stalled = rotation == null ? null : rotation.stalled();
      if (stalled == null) {
        stalledSince = clock.instant();
      } else if (clock.instant().isAfter(stalledSince.plus(patience))) {
        return Results.stalled(stalled, resource, GOES_ON);
      }
      stop.pause(POLL);
      if (stop.isAsked()) {
        return new Result(
            ExitCode.INTERRUPTED,
            "No longer watched. The operator goes on; `keyrotation status` shows it.",
            resource);
      }
    }
  }

  private static Result ended(KeyRotation resource) {
    return Statuses.of(resource).history().stream()
        .findFirst()
        .map(entry -> Results.ended(entry, resource))
        .orElseGet(() -> new Result(ExitCode.SUCCEEDED, "Nothing is due.", resource));
  }

  private static Optional<Condition> condition(KeyRotationStatus status, ConditionType type) {
    return status.conditions().stream().filter(c -> type.text().equals(c.getType())).findFirst();
  }

  @Override
  public List<Check> verify() {
    KeyRotationStatus status = Statuses.of(read());
    List<Check> checks = new ArrayList<>();
    for (ConditionType type : List.of(ConditionType.READY, ConditionType.STALLED)) {
      String good = type == ConditionType.READY ? "True" : "False";
      checks.add(
          condition(status, type)
              .map(
                  c ->
                      new Check(
                          c.getType(),
                          good.equals(c.getStatus())
                              ? Outcome.OK
                              : "Unknown".equals(c.getStatus()) ? Outcome.UNCLEAR : Outcome.PROBLEM,
                          c.getReason() + ": " + c.getMessage()))
              .orElseGet(
                  () -> new Check(type.text(), Outcome.UNCLEAR, "the operator has not said it")));
    }
    condition(status, ConditionType.SOAKED)
        .filter(c -> "False".equals(c.getStatus()))
        .map(c -> new Check(c.getType(), Outcome.PROBLEM, c.getReason() + ": " + c.getMessage()))
        .ifPresent(checks::add);
    return checks;
  }

  @Override
  public List<Check> doctor() {
    List<Check> checks = new ArrayList<>();
    KeyRotation resource = read();
    checks.add(
        new Check(
            "API server",
            Outcome.OK,
            call(() -> client.getKubernetesVersion().getGitVersion()) + " answers"));
    checks.add(ClockChecks.ofCluster(client, clock));
    boolean answered =
        Objects.equals(
            Statuses.of(resource).observedGeneration(), resource.getMetadata().getGeneration());
    checks.add(
        answered
            ? new Check("operator", Outcome.OK, "has looked at the spec as it is")
            : new Check(
                "operator",
                Outcome.PROBLEM,
                "has not looked at the spec as it is: does it run, and does it watch namespace "
                    + namespace
                    + "?"));
    Result plan = plan();
    checks.add(
        new Check(
            "preflight",
            plan.exitCode() == ExitCode.SUCCEEDED ? Outcome.OK : Outcome.PROBLEM,
            plan.sentence()));
    checks.addAll(verify());
    return checks;
  }

  @Override
  public List<String> grants(String role, boolean fence) {
    throw new CommandFailure(
        ExitCode.BAD_INPUT,
        "The grants are read off the database, which this command has to reach itself: name a file"
            + " with -f.");
  }

  @Override
  public List<String> audit() {
    return audit.lines();
  }

  @Override
  public String auditLine(long number) {
    return audit.place(number);
  }

  @Override
  public List<String> missingIn(List<String> lines) {
    return ClusterAuditFiles.missing(read(), lines);
  }

  @Override
  public void close() {
    client.close();
  }
}
