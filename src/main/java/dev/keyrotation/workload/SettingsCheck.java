package dev.keyrotation.workload;

import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.workload.ProxySettings.Setting;

/** Settings of LiteLLM's configuration file that get in the way of a rotation or of its proof. */
final class SettingsCheck {
  private static final String GENERAL = "general_settings";
  private static final String LITELLM = "litellm_settings";
  private static final String VARIABLES = "environment_variables";

  private final ProxySettings settings;
  private final boolean evictsFromRedis;
  private final WiringReport report;

  /**
   * @param evictsFromRedis whether the spec names the Redis server
   */
  SettingsCheck(ProxySettings settings, boolean evictsFromRedis, WiringReport report) {
    this.evictsFromRedis = evictsFromRedis;
    this.settings = settings;
    this.report = report;
  }

  void run() {
    checkKeys();
    checkProof();
    if (settings.includesFiles()) {
      report.warn("includes further configuration files, which were not checked.");
    }
  }

  private void checkKeys() {
    for (String variable : new String[] {"LITELLM_MASTER_KEY", "LITELLM_SALT_KEY"}) {
      if (settings.has(VARIABLES, variable)) {
        report.block(
            ConditionReason.WORKLOAD_DOES_NOT_READ_SECRET,
            "sets "
                + variable
                + " under environment_variables of its configuration file, which wins over the"
                + " container's environment. Remove it there.");
      }
    }
    if (!(settings.setting(LITELLM, "master_key") instanceof Setting.Absent)) {
      report.warn(
          "has a master_key under litellm_settings, which LiteLLM ignores; it belongs under"
              + " general_settings.");
    }
    if (settings.has(GENERAL, "key_management_system")) {
      report.warn(
          "reads keys through key_management_system. A master key there wins over the Secret: see"
              + " that it holds none.");
    }
  }

  /** Each pod is asked with a bearer key which keys it takes. */
  private void checkProof() {
    if (settings.has(GENERAL, "litellm_key_header_name")) {
      report.block(
          ConditionReason.NOT_SUPPORTED,
          "takes keys in a header of its own (litellm_key_header_name); this version verifies with"
              + " Authorization only.");
    }
    if (settings.has(GENERAL, "custom_auth")) {
      report.warn(
          "decides by custom_auth who may enter; preflight fails unless it lets the master key use"
              + " admin routes.");
    }
    if (settings.isTrue(GENERAL, "allow_requests_on_db_unavailable")) {
      report.warn(
          "lets every key in while its database is down (allow_requests_on_db_unavailable);"
              + " verification waits for the database.");
    }
    if (settings.isTrue(LITELLM, "enable_redis_auth_cache") && !evictsFromRedis) {
      report.warn(
          "shares its cache of keys through Redis (enable_redis_auth_cache): the old master key can"
              + " be accepted until its entry there expires. Set spec.redis, so that it is"
              + " deleted.");
    }
  }
}
