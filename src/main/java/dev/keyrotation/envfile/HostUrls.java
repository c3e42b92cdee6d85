package dev.keyrotation.envfile;

import dev.keyrotation.api.v1alpha1.CaSource;
import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.api.v1alpha1.EnvironmentFileRef;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.UrlSource;
import dev.keyrotation.failure.Recovery;
import dev.keyrotation.failure.RotationException;
import dev.keyrotation.host.Host;
import java.nio.charset.StandardCharsets;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Reads the database URL where the command can, from an environment file or its own environment,
 * and certificates from files.
 */
public final class HostUrls {
  private final Host thisHost;
  private final UnaryOperator<@Nullable String> environment;

  /**
   * @param environment gives the value of a variable of this process, or null
   */
  public HostUrls(Host thisHost, UnaryOperator<@Nullable String> environment) {
    this.thisHost = thisHost;
    this.environment = environment;
  }

  /**
   * The URL, without white space around it.
   *
   * @throws RotationException with {@code DATABASE_URL_INVALID} when there is none; with {@code
   *     NOT_SUPPORTED} when it is in a Secret
   */
  public String databaseUrl(KeyRotation owner, UrlSource source) {
    EnvironmentFileRef file = source.environmentFile();
    if (file != null) {
      return inFile(file);
    }
    if (source.environment() == null) {
      throw new RotationException(
          ConditionReason.NOT_SUPPORTED,
          Recovery.HALT,
          "spec.database.urlFrom names a Secret, which the command cannot read: set"
              + " spec.database.urlFrom.environmentFile or environment.");
    }
    String name = source.environment().name();
    String value = environment.apply(name);
    if (value == null || value.isBlank()) {
      throw invalid("Variable " + name + " is not set. Set it to the database URL");
    }
    return value.strip();
  }

  private String inFile(EnvironmentFileRef ref) {
    byte[] bytes =
        thisHost
            .read(ref.path())
            .orElseThrow(
                () ->
                    invalid(
                        "File "
                            + ref.path()
                            + " does not exist. Correct spec.database.urlFrom.environmentFile.path"));
    EnvironmentFile file = EnvironmentFile.of(bytes);
    Lookup found = file.lookup(ref.name(), Reader.EITHER);
    if (found instanceof Lookup.Disputed) {
      // An ampersand without quotes is no assignment for a shell: the file is written for systemd.
      found = file.lookup(ref.name(), file.commands().isEmpty() ? Reader.SHELL : Reader.SYSTEMD);
    }
    return switch (found) {
      case Lookup.Value value when !value.value().isBlank() ->
          new String(value.value().getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8)
              .strip();
      case Lookup.Unclear(String why) ->
          throw invalid("File " + ref.path() + ": " + ref.name() + " " + why);
      default ->
          throw invalid(
              "File "
                  + ref.path()
                  + " does not set "
                  + ref.name()
                  + ". Correct spec.database.urlFrom.environmentFile.name");
    };
  }

  /**
   * Certificates of authorities, from a file of this host.
   *
   * @param field where the spec names the source
   * @throws RotationException with {@code TLS_FAILED} when there is no such file; with {@code
   *     NOT_SUPPORTED} when they are in a cluster
   */
  public String authorities(KeyRotation owner, CaSource source, String field) {
    String path = source.file();
    if (path == null) {
      throw new RotationException(
          ConditionReason.NOT_SUPPORTED,
          Recovery.HALT,
          field + " names a ConfigMap or Secret, and there is no cluster: set file.");
    }
    return thisHost
        .read(path)
        .map(bytes -> new String(bytes, StandardCharsets.UTF_8))
        .orElseThrow(
            () ->
                new RotationException(
                    ConditionReason.TLS_FAILED,
                    Recovery.RETRY,
                    "File " + path + " does not exist. Correct " + field + ".file."));
  }

  private static RotationException invalid(String sentence) {
    return new RotationException(
        ConditionReason.DATABASE_URL_INVALID, Recovery.RETRY, sentence + ".");
  }
}
