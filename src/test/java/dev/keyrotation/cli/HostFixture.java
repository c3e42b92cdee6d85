package dev.keyrotation.cli;

import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.database.RotationDatabase;
import dev.keyrotation.engine.HostedWorld;
import dev.keyrotation.engine.RotationEngine;
import dev.keyrotation.observe.LiveCheck;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/** A host with a resource file and a state directory, over the simulated world. */
final class HostFixture implements HostEngines {
  final HostedWorld world = new HostedWorld();
  final Path file;
  final Path state;
  final StringWriter out = new StringWriter();
  final List<String> warnings = new ArrayList<>();
  Runnable eachPause = () -> {};
  private Stop stop = new WorldStop();

  HostFixture(Path directory) {
    this.file = directory.resolve("keyrotation.yaml");
    this.state = directory.resolve("state");
    KeyRotation resource = new KeyRotation();
    resource.getMetadata().setName("litellm");
    resource.setSpec(HostedWorld.spec());
    describe(Resources.yaml(resource));
  }

  void describe(String yaml) {
    try {
      Files.writeString(file, yaml);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** As a new process makes it. */
  HostBackend backend() {
    stop = new WorldStop();
    return new HostBackend(
        file, state, this, stop, Duration.ofMinutes(2), warnings::add, world.clock());
  }

  Result run(String request) {
    return backend()
        .run(new HostResource.Wish.Rotate(request), new ProgressLines(new PrintWriter(out)));
  }

  Stop stop() {
    return stop;
  }

  private final class WorldStop extends Stop {
    @Override
    void pause(Duration time) {
      eachPause.run();
      world.tick();
    }
  }

  @Override
  public HostEngines withCluster(Supplier<KubernetesClient> client) {
    return this;
  }

  @Override
  public RotationEngine engine(KeyRotation resource, StateDirectory directory) {
    return world.engine();
  }

  @Override
  public LiveCheck liveCheck(KeyRotation resource, StateDirectory directory) {
    return world.liveCheck();
  }

  @Override
  public RotationDatabase database(KeyRotation resource, StateDirectory directory) {
    return world.database();
  }

  @Override
  public List<Backend.Check> environment(KeyRotation resource, StateDirectory directory) {
    return List.of();
  }
}
