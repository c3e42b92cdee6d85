package dev.keyrotation.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.ValidationRule;
import org.jspecify.annotations.Nullable;

/** One workload: exactly one of its fields is set. */
@JsonInclude(JsonInclude.Include.NON_NULL)
@ValidationRule(
    value = "[has(self.deployment), has(self.systemdUnit)].exists_one(set, set)",
    message = "a workload is exactly one of deployment and systemdUnit")
public record WorkloadSpec(
    @JsonPropertyDescription("A Deployment in the namespace of the KeyRotation.")
        @Nullable DeploymentTarget deployment,
    @JsonPropertyDescription("A systemd unit on a host.") @Nullable SystemdUnitTarget systemdUnit) {

  /** A workload that is a Deployment with LiteLLM's usual container and port. */
  public static WorkloadSpec ofDeployment(String name) {
    return new WorkloadSpec(new DeploymentTarget(name, null, null), null);
  }

  /** A workload that is a systemd unit. */
  public static WorkloadSpec ofUnit(SystemdUnitTarget unit) {
    return new WorkloadSpec(null, unit);
  }

  /** What people call it in messages, for example {@code deployment/litellm}. */
  public String displayName() {
    if (deployment != null) {
      return "deployment/" + deployment.name();
    }
    return systemdUnit == null ? "workload" : systemdUnit.displayName();
  }
}
