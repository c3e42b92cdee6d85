package dev.keyrotation.cli;

import dev.keyrotation.api.v1alpha1.HistoryEntry;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.PlanStatus;
import dev.keyrotation.api.v1alpha1.RotateSpec;
import dev.keyrotation.api.v1alpha1.RotationStatus;
import dev.keyrotation.engine.Turn;
import dev.keyrotation.observe.LiveCheck;
import dev.keyrotation.plan.Decision;
import dev.keyrotation.plan.RollBackRequest;
import dev.keyrotation.plan.Statuses;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A resource in a file, and its state in a directory of this host. */
final class HostBackend implements Backend {
  private static final Path STATE = Path.of("/var/lib/keyrotation");
  private static final int MOST_PLANNING_TURNS = 3;

  private final Path file;
  private final StateDirectory directory;
  private final ResourceReader reader = new ResourceReader();
  private final HostEngines engines;
  private final Stop stop;
  private final Duration patience;
  private final Consumer<String> warnings;
  private final Clock clock;

  /**
   * @param stateDirectory null for the default, named after the resource
   */
  HostBackend(
      Path file,
      @Nullable Path stateDirectory,
      HostEngines engines,
      Stop stop,
      Duration patience,
      Consumer<String> warnings,
      Clock clock) {
    this.file = file;
    this.engines = engines;
    this.stop = stop;
    this.patience = patience;
    this.warnings = warnings;
    this.clock = clock;
    this.directory =
        StateDirectory.at(
            stateDirectory == null
                ? STATE.resolve(reader.read(file, null).getMetadata().getName())
                : stateDirectory);
  }

  @Override
  public KeyRotation read() {
    KeyRotation stored = stored();
    return stored == null ? load(null, new HostResource.Wish.WhatIsDue()) : stored;
  }

  private @Nullable KeyRotation stored() {
    return directory.read().orElse(null);
  }

  private KeyRotation load(@Nullable KeyRotation stored, HostResource.Wish wish) {
    KeyRotation fromFile = reader.read(file, stored);
    if (stored != null
        && !stored.getMetadata().getName().equals(fromFile.getMetadata().getName())) {
      throw new CommandFailure(
          ExitCode.BAD_INPUT,
          "State directory "
              + directory.path()
              + " belongs to resource "
              + stored.getMetadata().getName()
              + ", and "
              + file
              + " describes "
              + fromFile.getMetadata().getName()
              + ". Use another --state-dir.");
    }
    return HostResource.merge(fromFile, stored, wish, clock.instant(), () -> identity(fromFile));
  }

  /** The same each time, so that keys are recognised as ours after the state was lost. */
  private static String identity(KeyRotation resource) {
    String name =
        "host/" + resource.getMetadata().getNamespace() + "/" + resource.getMetadata().getName();
    return UUID.nameUUIDFromBytes(name.getBytes(StandardCharsets.UTF_8)).toString();
  }

  @Override
  public Result plan() {
    KeyRotation resource = load(stored(), new HostResource.Wish.WhatIsDue());
    RotationStatus rotation = Statuses.of(resource).rotation();
    if (rotation != null) {
      return new Result(
          ExitCode.SUCCEEDED,
          "Rotation " + rotation.id() + " is under way; `keyrotation run` goes on with it.",
          resource);
    }
    RotateSpec only =
        resource.getSpec().rotate().with().request(null).rollBack(null).planOnly(true).build();
    KeyRotation planning = Resources.withSpec(resource, resource.getSpec().withRotate(only));
    planning =
        Resources.withStatus(
            planning, Statuses.of(planning).with().observedGeneration(null).soak(null).build());
    for (int turn = 0; turn < MOST_PLANNING_TURNS; turn++) {
      if (!(engines.engine(planning, directory).turn(planning, unchanged -> true)
          instanceof Turn.Taken taken)) {
        break;
      }
      planning = Resources.withStatus(planning, taken.status());
      switch (taken.decision()) {
        case Decision.Blocked blocked -> {
          return Results.findings(planning);
        }
        case Decision.Planned planned -> {
          return new Result(ExitCode.SUCCEEDED, sentence(planning), planning);
        }
        case Decision.Halt halt -> {
          return new Result(ExitCode.STALLED, halt.finding().message(), planning);
        }
        case Decision.Resume resume -> {
          return new Result(
              ExitCode.SUCCEEDED,
              "The state of rotation "
                  + resume.rotation().id()
                  + " was lost; `keyrotation run` goes on from what is in the world.",
              planning);
        }
        default -> {} // the keys in use were learnt; now comes the preflight
      }
    }
    throw new CommandFailure(ExitCode.FAILED, "No plan came about.");
  }

  private static String sentence(KeyRotation resource) {
    PlanStatus plan = Statuses.of(resource).plan();
    return plan == null || plan.findings().isEmpty()
        ? "Nothing stands in the way of a rotation. Nothing was changed."
        : "There are findings.";
  }

  @Override
  public Result run(HostResource.Wish wish, Soaking soaking, Follower follower) {
    directory.prepare();
    try (StateLock lock = directory.lock("run")) {
      HostState state = new HostState(directory, lock);
      KeyRotation stored = stored();
      KeyRotation resource = withPeriod(load(stored, wish), soaking);
      if (!resource.equals(stored)) {
        state.write(resource);
      }
      return loop(resource, state, soaking, follower).run(resource);
    }
  }

  private static KeyRotation withPeriod(KeyRotation resource, Soaking soaking) {
    String period = soaking.period();
    return period == null
        ? resource
        : Resources.withSpec(resource, resource.getSpec().withSoakPeriod(period));
  }

  private RotationLoop loop(
      KeyRotation resource, HostState state, Soaking soaking, Follower follower) {
    return new RotationLoop(
        engines.engine(resource, directory),
        state,
        new HostAudit(directory.audit(), HostAudit.user(), warnings, clock),
        follower,
        stop,
        patience,
        soaking,
        clock);
  }

  @Override
  public Result rollBack(@Nullable String rotationId, Follower follower) {
    return run(
        new HostResource.Wish.RollBack(rotationId == null ? lastId(read()) : named(rotationId)),
        follower);
  }

  private String named(String rotationId) {
    String last = lastId(read());
    if (!last.equals(rotationId)) {
      throw new CommandFailure(
          ExitCode.BAD_INPUT,
          "Only the rotation under way or the last one can be rolled back: " + last + ".");
    }
    return rotationId;
  }

  /** The rotation under way, or the last one while its old keys are kept. */
  static String lastId(KeyRotation resource) {
    RotationStatus rotation = Statuses.of(resource).rotation();
    if (rotation != null) {
      return rotation.id();
    }
    return RollBackRequest.candidate(Statuses.of(resource))
        .map(HistoryEntry::id)
        .orElseThrow(
            () ->
                new CommandFailure(
                    ExitCode.BAD_INPUT,
                    "There is no succeeded rotation whose old keys are kept, so nothing can be"
                        + " rolled back."));
  }

  @Override
  public List<String> grants(String role, boolean fence) {
    KeyRotation resource = load(null, new HostResource.Wish.WhatIsDue());
    return engines.database(resource, directory).grants(role, fence);
  }

  @Override
  public List<Check> verify() {
    KeyRotation resource = read();
    RotationStatus rotation = Statuses.of(resource).rotation();
    if (rotation != null) {
      return List.of(
          new Check(
              rotation.id(),
              Outcome.PROBLEM,
              "is under way, step "
                  + rotation.step()
                  + "; `keyrotation run` goes on with it. Verify afterwards."));
    }
    return engines.liveCheck(resource, directory).everything(resource).stream()
        .map(HostBackend::check)
        .toList();
  }

  private static Check check(LiveCheck.Answer answer) {
    return new Check(
        answer.subject(),
        switch (answer.verdict()) {
          case PASSED -> Outcome.OK;
          case FAILED -> Outcome.PROBLEM;
          case UNCLEAR -> Outcome.UNCLEAR;
        },
        answer.message());
  }

  @Override
  public List<Check> doctor() {
    KeyRotation resource = read();
    List<Check> checks = new ArrayList<>(engines.environment(resource, directory));
    if (Statuses.of(resource).rotation() != null) {
      checks.add(
          new Check("rotation", Outcome.WARNING, "one is under way; `keyrotation run` goes on"));
      return checks;
    }
    Result plan = plan();
    PlanStatus found = Statuses.of(plan.resource()).plan();
    if (found == null) {
      checks.add(new Check("preflight", Outcome.PROBLEM, plan.sentence()));
      return checks;
    }
    found.findings().forEach(f -> checks.add(new Check("preflight", Outcome.PROBLEM, f)));
    found.warnings().forEach(w -> checks.add(new Check("preflight", Outcome.WARNING, w)));
    if (found.findings().isEmpty()) {
      checks.add(
          new Check(
              "preflight",
              Outcome.OK,
              found.instances()
                  + " instances, LiteLLM "
                  + found.version()
                  + ", mode "
                  + found.mode()));
    }
    return checks;
  }

  @Override
  public List<String> audit() {
    try {
      return directory.audit().lines();
    } catch (IOException e) {
      throw new CommandFailure(
          ExitCode.BAD_INPUT, "The audit cannot be read: " + IoWords.of(e) + ".", e);
    }
  }
}
