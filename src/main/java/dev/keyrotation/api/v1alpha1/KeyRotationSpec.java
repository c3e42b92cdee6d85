package dev.keyrotation.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import io.soabase.recordbuilder.core.RecordBuilder;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** What the user wants. */
@RecordBuilder
@JsonInclude(JsonInclude.Include.NON_NULL)
@ValidationRule(
    value = "!self.keys.exists(k, k == 'Salt') || has(self.database)",
    message = "a salt key rotation re-encrypts data: set spec.database")
@ValidationRule(
    value =
        "!self.keys.exists(k, k == 'Salt') || self.workloads.all(w, !has(w.systemdUnit) ||"
            + " !has(w.systemdUnit.credentialFiles) || has(w.systemdUnit.credentialFiles.saltKey))",
    message = "a salt key rotation writes a salt key: set credentialFiles.saltKey of each unit")
@ValidationRule(
    value = "!self.workloads.exists(w, has(w.deployment)) || has(self.secretRef)",
    message = "a Deployment reads its keys from a Secret: set spec.secretRef")
public record KeyRotationSpec(
    @Required
        @Size(min = 1, max = 2)
        @ValidationRule(
            value = "self.all(k, self.exists_one(other, other == k))",
            message = "a key is listed twice")
        @JsonPropertyDescription("The keys that a rotation replaces: Master, Salt or both.")
        List<KeyKind> keys,
    @JsonPropertyDescription(
            "The Secret from which the running instances read their keys. Required when a workload"
                + " is a Deployment; a systemd unit reads them from files of its host.")
        @Nullable SecretRef secretRef,
    @JsonPropertyDescription(
            "LiteLLM's PostgreSQL database. Required when Salt is rotated, and whenever LiteLLM has"
                + " a database.")
        @Nullable DatabaseSpec database,
    @JsonPropertyDescription(
            "The Redis server of LiteLLM's cache, when litellm_settings.enable_redis_auth_cache"
                + " shares the cache of keys through it: entries of the old master key are deleted"
                + " there. Without it CloseGrace waits until they are gone.")
        @Nullable RedisSpec redis,
    @JsonPropertyDescription("How the running instances are asked.") ProxySpec proxy,
    @Required
        @Size(min = 1, max = 16)
        @JsonPropertyDescription(
            "Every process that shares these keys and this database, in the order in which they are"
                + " restarted.")
        List<WorkloadSpec> workloads,
    @JsonPropertyDescription("When to rotate.") RotateSpec rotate,
    @Default("Auto")
        @JsonPropertyDescription(
            "How instances are taken to the new keys when stored values have to be re-encrypted.")
        Strategy strategy,
    @Default("Move")
        @JsonPropertyDescription(
            "What happens to a row of the old master key in LiteLLM_VerificationToken, left by"
                + " LiteLLM before February 2025 or by hand: Move makes it the new key's row,"
                + " Remove deletes it.")
        MasterKeyRowPolicy masterKeyRow,
    @Default("0")
        @Pattern(RotationDuration.PATTERN)
        @JsonPropertyDescription(
            "How long the old master key is accepted beside the new one after all instances have"
                + " restarted, for clients that switch later. 0: only during the restart, not after"
                + " it. It needs spec.database. When it is changed during the grace, the end"
                + " moves.")
        String gracePeriod,
    @Default("15m")
        @Pattern(RotationDuration.PATTERN)
        @JsonPropertyDescription(
            "Longest time that one step may take before the rotation is rolled back.")
        String stepDeadline,
    @Default("10s")
        @Pattern(RotationDuration.PATTERN)
        @JsonPropertyDescription(
            "How long verification has to hold without a break before it counts.")
        String stabilityPeriod,
    @Default("24h")
        @Pattern(RotationDuration.PATTERN)
        @JsonPropertyDescription(
            "How long instances, their logs and the stored values are looked at after a rotation"
                + " that succeeded; what is found stands in status.soak. It holds nothing up. 0:"
                + " not at all.")
        String soakPeriod,
    @JsonPropertyDescription("How long what a rotation replaced is kept.") RetentionSpec retention,
    @Default("false")
        @JsonPropertyDescription(
            "Start no new rotation. A rotation under way goes on: half-way is no safe place to"
                + " wait.")
        boolean suspend)
    implements KeyRotationSpecBuilder.With {

  public KeyRotationSpec(
      List<KeyKind> keys,
      @Nullable SecretRef secretRef,
      @Nullable DatabaseSpec database,
      @Nullable RedisSpec redis,
      @Nullable ProxySpec proxy,
      List<WorkloadSpec> workloads,
      @Nullable RotateSpec rotate,
      @Nullable Strategy strategy,
      @Nullable MasterKeyRowPolicy masterKeyRow,
      @Nullable String gracePeriod,
      @Nullable String stepDeadline,
      @Nullable String stabilityPeriod,
      @Nullable String soakPeriod,
      @Nullable RetentionSpec retention,
      boolean suspend) {
    this.keys = List.copyOf(keys);
    this.secretRef = secretRef;
    this.database = database;
    this.redis = redis;
    this.proxy = proxy == null ? new ProxySpec(null) : proxy;
    this.workloads = List.copyOf(workloads);
    this.rotate = rotate == null ? RotateSpec.never() : rotate;
    this.strategy = strategy == null ? Strategy.AUTO : strategy;
    this.masterKeyRow = masterKeyRow == null ? MasterKeyRowPolicy.MOVE : masterKeyRow;
    this.gracePeriod = gracePeriod == null ? "0" : gracePeriod;
    this.stepDeadline = stepDeadline == null ? "15m" : stepDeadline;
    this.stabilityPeriod = stabilityPeriod == null ? "10s" : stabilityPeriod;
    this.soakPeriod = soakPeriod == null ? "24h" : soakPeriod;
    this.retention = retention == null ? RetentionSpec.defaults() : retention;
    this.suspend = suspend;
  }

  /** {@link #secretRef} where it is known to be set: the rules of admission ask for it. */
  public SecretRef requiredSecretRef() {
    return Objects.requireNonNull(secretRef, "spec.secretRef");
  }

  /** The workloads that are systemd units, in the order of the spec. */
  public List<SystemdUnitTarget> units() {
    return workloads.stream().map(WorkloadSpec::systemdUnit).filter(Objects::nonNull).toList();
  }

  /** Whether {@code kind} is among the keys that a rotation replaces. */
  public boolean rotates(KeyKind kind) {
    return keys.contains(kind);
  }
}
