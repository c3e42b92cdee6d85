package dev.keyrotation.workload;

import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.api.v1alpha1.DeploymentTarget;
import dev.keyrotation.api.v1alpha1.KeyKind;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.SecretRef;
import dev.keyrotation.workload.ProxySettings.Setting;
import dev.keyrotation.workload.Workloads.Finding;
import dev.keyrotation.workload.Workloads.Wiring;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Checks that the container that runs LiteLLM takes its keys from the Secret that a rotation
 * writes.
 *
 * <p>The master key is {@code general_settings.master_key} of the configuration file, mostly a
 * reference to a variable (litellm-helm: {@code PROXY_MASTER_KEY}), else {@code
 * LITELLM_MASTER_KEY}. The salt key is {@code LITELLM_SALT_KEY} and nothing else.
 */
final class WiringCheck {
  private static final String MASTER_VARIABLE = "LITELLM_MASTER_KEY";
  private static final String SALT_VARIABLE = "LITELLM_SALT_KEY";
  private static final ConditionReason UNREAD = ConditionReason.WORKLOAD_DOES_NOT_READ_SECRET;

  private final PodSources sources;
  private final KeyRotation owner;
  private final SecretRef secret;
  private final DeploymentTarget target;
  private final Deployment deployment;
  private final PodSpec pod;
  private final WiringReport report;

  WiringCheck(
      PodSources sources, KeyRotation owner, DeploymentTarget target, Deployment deployment) {
    this.sources = sources;
    this.owner = owner;
    this.secret = owner.getSpec().requiredSecretRef();
    this.target = target;
    this.deployment = deployment;
    this.pod = deployment.getSpec().getTemplate().getSpec();
    this.report = new WiringReport("deployment/" + target.name());
  }

  Wiring run() {
    return switch (LiteLlmContainer.in(pod, target)) {
      case LiteLlmContainer.Unknown(String message) ->
          new Wiring(List.of(new Finding(ConditionReason.INVALID_SPEC, message)), List.of());
      case LiteLlmContainer.Found(Container container) -> {
        new DeploymentCheck(
                deployment,
                container,
                sources.autoscalers(target.name()),
                owner.getSpec().proxy().asksPodsOverTls(),
                report)
            .run();
        check(container);
        sources
            .unread()
            .forEach(
                what ->
                    report.warn(
                        "also depends on "
                            + what
                            + ", which the operator may not read: unchecked."));
        yield report.wiring();
      }
    };
  }

  private void check(Container container) {
    ContainerEnvironment now = new ContainerEnvironment(container, sources, Map.of());
    ContainerEnvironment later =
        new ContainerEnvironment(
            container,
            sources,
            Map.of(secret.name(), Set.of(secret.masterKey(), secret.saltKey())));
    ProxySettings settings = settings(ConfigFile.of(pod, container, now, sources));
    checkMaster(later, settings);
    checkSalt(now, later);
    if (settings != null) {
      new SettingsCheck(settings, owner.getSpec().redis() != null, report).run();
    }
    new DatabaseCheck(owner.getSpec().database(), now, settings, report).run();
    pod.getContainers().stream()
        .filter(other -> other != container && readsSecret(other))
        .forEach(
            other ->
                report.warn(
                    "reads Secret "
                        + secret.name()
                        + " in container "
                        + other.getName()
                        + " too, which gets the new keys with the same restart."));
  }

  private @Nullable ProxySettings settings(ConfigFile file) {
    return switch (file) {
      case ConfigFile.None() -> null;
      case ConfigFile.Unreadable(String path) -> {
        report.warn(
            "takes its configuration from "
                + path
                + ", which is in no ConfigMap or Secret that the operator can read. A"
                + " general_settings.master_key there would win over the environment.");
        yield null;
      }
      case ConfigFile.Readable(String path, String content) -> {
        ProxySettings settings = ProxySettings.parse(content);
        if (settings == null) {
          report.warn("has a configuration file " + path + " that is no YAML mapping.");
        }
        yield settings;
      }
    };
  }

  private void checkMaster(ContainerEnvironment environment, @Nullable ProxySettings settings) {
    Setting setting =
        settings == null
            ? new Setting.Absent()
            : settings.setting("general_settings", "master_key");
    switch (setting) {
      case Setting.Value() ->
          report.block(
              UNREAD,
              "sets general_settings.master_key in its configuration file, which wins over the"
                  + " environment. Write os.environ/"
                  + MASTER_VARIABLE
                  + " there, or remove it.");
      case Setting.Variable(String name) -> checkMaster(environment, name);
      case Setting.Absent() -> checkMaster(environment, MASTER_VARIABLE);
    }
  }

  private void checkMaster(ContainerEnvironment environment, String variable) {
    EnvSource source = environment.source(variable);
    if (source == null) {
      report.block(
          UNREAD, "has no variable " + variable + ". " + advice(variable, secret.masterKey()));
    } else if (!source.equals(new EnvSource.SecretEntry(secret.name(), secret.masterKey()))) {
      report.block(UNREAD, elsewhere(variable, source, "masterKey", secret.masterKey()));
    }
  }

  private void checkSalt(ContainerEnvironment now, ContainerEnvironment later) {
    EnvSource.SecretEntry wanted = new EnvSource.SecretEntry(secret.name(), secret.saltKey());
    EnvSource source = now.source(SALT_VARIABLE);
    boolean hasEntry = sources.secretEntries(secret.name()).contains(secret.saltKey());
    if (source != null && !source.equals(wanted)) {
      report.block(UNREAD, elsewhere(SALT_VARIABLE, source, "saltKey", secret.saltKey()));
    } else if (source == null && hasEntry) {
      report.block(
          UNREAD,
          "does not get "
              + SALT_VARIABLE
              + ", so the master key encrypts its data, but Secret "
              + secret.name()
              + " has an entry "
              + secret.saltKey()
              + ". Remove the entry; or, when the data really is under it, "
              + advice(SALT_VARIABLE, secret.saltKey()));
    } else if (source != null && !hasEntry) {
      report.block(
          UNREAD,
          "takes "
              + SALT_VARIABLE
              + " from "
              + wanted.describe()
              + ", which does not exist: no pod could start again. Put the salt key back that the"
              + " running pods have.");
    } else if (!wanted.equals(later.source(SALT_VARIABLE))) {
      checkWithoutSalt();
    }
  }

  /** Neither the pods nor the Secret have a salt key, and a new entry would not reach the pods. */
  private void checkWithoutSalt() {
    if (owner.getSpec().rotates(KeyKind.SALT)) {
      report.block(
          UNREAD,
          "has no salt key and would not see the one that a rotation introduces. "
              + advice(SALT_VARIABLE, secret.saltKey())
              + " with optional: true.");
    }
  }

  private String elsewhere(String variable, EnvSource source, String field, String entry) {
    String fact = "takes " + variable + " from " + source.describe();
    return source instanceof EnvSource.SecretEntry(String name, String other)
            && name.equals(secret.name())
        ? fact + ". Set spec.secretRef." + field + " to " + other + "."
        : fact
            + ", which a rotation does not write. "
            + advice(variable, entry)
            + (source instanceof EnvSource.SecretEntry
                ? ", or name that Secret in spec.secretRef: both keys have to be in one."
                : "");
  }

  private String advice(String variable, String entry) {
    return "Let the container take "
        + variable
        + " from Secret "
        + secret.name()
        + ", key "
        + entry;
  }

  private boolean readsSecret(Container container) {
    return container.getEnvFrom().stream()
            .anyMatch(
                from ->
                    from.getSecretRef() != null
                        && secret.name().equals(from.getSecretRef().getName()))
        || container.getEnv().stream()
            .anyMatch(
                variable ->
                    variable.getValueFrom() != null
                        && variable.getValueFrom().getSecretKeyRef() != null
                        && secret
                            .name()
                            .equals(variable.getValueFrom().getSecretKeyRef().getName()))
        || container.getVolumeMounts().stream()
            .anyMatch(
                mount -> pod.getVolumes().stream().anyMatch(v -> isSecret(v, mount.getName())));
  }

  private boolean isSecret(Volume volume, String name) {
    return volume.getName().equals(name)
        && volume.getSecret() != null
        && secret.name().equals(volume.getSecret().getSecretName());
  }
}
