package dev.keyrotation.cli;

import java.io.PrintWriter;
import java.time.Duration;
import java.util.concurrent.Callable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** What all verbs on a resource share. */
abstract class Verb implements Callable<Integer> {
  @Spec
  @SuppressWarnings("NullAway.Init") // picocli sets it
  CommandSpec spec;

  @Mixin TargetOptions target = new TargetOptions();

  @Mixin OutputOptions output = new OutputOptions();

  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      description = "Show this help.")
  boolean help;

  @Override
  public final Integer call() {
    KeyRotationCommand root = (KeyRotationCommand) spec.root().userObject();
    try (Backend backend = target.open(root.engines(), root.stop(), patience())) {
      return run(backend);
    }
  }

  abstract int run(Backend backend);

  Duration patience() {
    return Duration.ZERO;
  }

  PrintWriter out() {
    return spec.commandLine().getOut();
  }

  PrintWriter err() {
    return spec.commandLine().getErr();
  }
}
