package dev.keyrotation.workload;

import static org.assertj.core.api.Assertions.assertThat;

import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.api.v1alpha1.DeploymentTarget;
import dev.keyrotation.api.v1alpha1.KeyKind;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.KeyRotationSpec;
import dev.keyrotation.api.v1alpha1.ProxySpec;
import dev.keyrotation.api.v1alpha1.SecretRef;
import dev.keyrotation.cluster.TestRotations;
import dev.keyrotation.workload.Workloads.Finding;
import dev.keyrotation.workload.Workloads.Wiring;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class WiringTest {
  private static final SecretRef HELM_SECRET =
      new SecretRef("litellm-masterkey", "masterkey", null, List.of());
  private static final String ENV_FROM_KEYS = "- secretRef: {name: litellm-keys}";
  private static final String LAST_ENV = "- {name: STORE_MODEL_IN_DB, value: \"True\"}";
  private static final String STORE = "store_model_in_db: true";

  private final MemorySources sources = new MemorySources();

  private Wiring wiring(Fixture fixture) {
    return wiring(fixture, TestRotations.in("ai"), "litellm-keys", "LITELLM_MASTER_KEY", true);
  }

  private Wiring wiring(
      Fixture fixture, KeyRotation owner, String secret, String masterKey, boolean salted) {
    sources.secrets.put(
        secret,
        salted
            ? Map.of(masterKey, "sk-canary", "LITELLM_SALT_KEY", "canary-salt")
            : Map.of(masterKey, "sk-canary"));
    sources.secrets.put("litellm-db", Map.of("DATABASE_URL", "postgresql://canary"));
    return wiring(fixture, owner, new DeploymentTarget("litellm", null, null));
  }

  private Wiring wiring(Fixture fixture, KeyRotation owner, DeploymentTarget target) {
    sources.configMaps.put("litellm-config", fixture.configMap().getData());
    return new WiringCheck(sources, owner, target, fixture.deployment()).run();
  }

  private static void assertBlocks(Wiring wiring, ConditionReason reason, String... says) {
    assertThat(wiring.findings())
        .singleElement()
        .satisfies(
            finding -> {
              assertThat(finding.reason()).isEqualTo(reason);
              assertThat(finding.message())
                  .startsWith("deployment/litellm ")
                  .contains(says)
                  .doesNotContain("canary");
            });
    assertThat(wiring.toString()).doesNotContain("canary");
  }

  @Test
  void plainDeploymentIsClean() {
    Wiring wiring = wiring(Fixture.of("plain"));

    assertThat(wiring).isEqualTo(new Wiring(List.of(), List.of()));
  }

  @Test
  void deploymentOfTheHelmChartIsCleanExceptForItsComposedDatabaseUrl() {
    Wiring wiring =
        wiring(
            Fixture.of("litellm-helm"),
            TestRotations.in("ai", HELM_SECRET, List.of(KeyKind.MASTER, KeyKind.SALT)),
            "litellm-masterkey",
            "masterkey",
            true);

    assertThat(wiring.findings()).isEmpty();
    assertThat(wiring.warnings())
        .singleElement()
        .asString()
        .contains("DATABASE_URL: an expression in the pod template", "both are the same database");
  }

  @Test
  void markInTheUrlReachesTheConnectionsOfAPlainDeployment() {
    assertThat(wiring(Fixture.of("plain")).unmarked()).isNull();
  }

  /** One change each, and why a mark in the URL of the spec would then not name all connections. */
  @ParameterizedTest(name = "{1}")
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          {name: DATABASE_URL, value: postgresql://canary}|takes its database from DATABASE_URL: a value in the pod template
          {name: DATABASE_URL_READ_REPLICA, value: postgresql://canary}|reads from a replica (DATABASE_URL_READ_REPLICA)
          {name: DATABASE_HOST_READ_REPLICA, value: canary}|reads from a replica (DATABASE_HOST_READ_REPLICA)
          """)
  void markInTheUrlDoesNotReachEveryConnection(String variable, String why) {
    Wiring wiring =
        wiring(Fixture.of("plain").with(LAST_ENV, LAST_ENV + "\n            - " + variable));

    assertThat(wiring.findings()).isEmpty();
    assertThat(wiring.unmarked())
        .startsWith("deployment/litellm ")
        .contains(why)
        .doesNotContain("canary");
  }

  @Test
  void variableOfTheHelmChartCountsAndNotLitellmsOwn() {
    Wiring wiring =
        wiring(
            Fixture.of("litellm-helm")
                .with(
                    "- {name: PROXY_MASTER_KEY, valueFrom: {secretKeyRef: {name: litellm-masterkey,"
                        + " key: masterkey}}}",
                    "- {name: LITELLM_MASTER_KEY, valueFrom: {secretKeyRef: {name:"
                        + " litellm-masterkey, key: masterkey}}}"),
            TestRotations.in("ai", HELM_SECRET, List.of(KeyKind.MASTER)),
            "litellm-masterkey",
            "masterkey",
            true);

    assertBlocks(
        wiring, ConditionReason.WORKLOAD_DOES_NOT_READ_SECRET, "no variable PROXY_MASTER_KEY");
  }

  /** One change each to the environment of the plain Deployment, and what then blocks. */
  @ParameterizedTest(name = "{1}")
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          {name: LITELLM_MASTER_KEY, value: sk-canary}|takes LITELLM_MASTER_KEY from a value in the pod template
          {name: LITELLM_MASTER_KEY, valueFrom: {secretKeyRef: {name: other, key: k}}}|takes LITELLM_MASTER_KEY from entry k of Secret other
          {name: LITELLM_MASTER_KEY, valueFrom: {secretKeyRef: {name: litellm-keys, key: k}}}|Set spec.secretRef.masterKey to k
          {name: LITELLM_MASTER_KEY, valueFrom: {configMapKeyRef: {name: map, key: k}}}|takes LITELLM_MASTER_KEY from entry k of ConfigMap map
          {name: LITELLM_MASTER_KEY, valueFrom: {fieldRef: {fieldPath: metadata.name}}}|takes LITELLM_MASTER_KEY from an expression
          {name: LITELLM_MASTER_KEY, value: "sk-$(HOSTNAME)-canary"}|takes LITELLM_MASTER_KEY from an expression
          {name: LITELLM_SALT_KEY, value: canary}|takes LITELLM_SALT_KEY from a value in the pod template
          {name: LITELLM_SALT_KEY, value: ""}|takes LITELLM_SALT_KEY from a value in the pod template
          {name: LITELLM_SALT_KEY, valueFrom: {secretKeyRef: {name: other, key: salt}}}|takes LITELLM_SALT_KEY from entry salt of Secret other
          {name: LITELLM_SALT_KEY, valueFrom: {secretKeyRef: {name: litellm-keys, key: s}}}|Set spec.secretRef.saltKey to s
          """)
  void variableFromElsewhereBlocks(String variable, String says) {
    Wiring wiring = wiring(Fixture.of("plain").with(LAST_ENV, "- " + variable));

    assertBlocks(wiring, ConditionReason.WORKLOAD_DOES_NOT_READ_SECRET, says);
  }

  @Test
  void variableThatRefersToAnotherCountsAsThatOne() {
    Wiring wiring =
        wiring(
            Fixture.of("plain")
                .with(ENV_FROM_KEYS, "- {prefix: KEYS_, secretRef: {name: litellm-keys}}")
                .with(
                    LAST_ENV,
                    "- {name: LITELLM_MASTER_KEY, value: $(KEYS_LITELLM_MASTER_KEY)}\n"
                        + "            - {name: LITELLM_SALT_KEY, value:"
                        + " $(KEYS_LITELLM_SALT_KEY)}"));

    assertThat(wiring.findings()).isEmpty();
  }

  @Test
  void laterEnvFromWins() {
    sources.secrets.put("extra", Map.of("LITELLM_SALT_KEY", "canary"));

    Wiring wiring =
        wiring(
            Fixture.of("plain")
                .with(ENV_FROM_KEYS, ENV_FROM_KEYS + "\n            - secretRef: {name: extra}"));

    assertBlocks(
        wiring,
        ConditionReason.WORKLOAD_DOES_NOT_READ_SECRET,
        "LITELLM_SALT_KEY from entry LITELLM_SALT_KEY of Secret extra");
  }

  @Test
  void earlierEnvFromLoses() {
    sources.secrets.put("extra", Map.of("LITELLM_SALT_KEY", "canary"));

    Wiring wiring =
        wiring(
            Fixture.of("plain")
                .with(ENV_FROM_KEYS, "- secretRef: {name: extra}\n            " + ENV_FROM_KEYS));

    assertThat(wiring.findings()).isEmpty();
  }

  @Test
  void secretThatIsNotReadAtAllBlocks() {
    Wiring wiring =
        wiring(
            Fixture.of("plain").with(ENV_FROM_KEYS, "- secretRef: {name: litellm-keys-old}"),
            TestRotations.in("ai", TestRotations.SECRET, List.of(KeyKind.MASTER)),
            "litellm-keys",
            "LITELLM_MASTER_KEY",
            false);

    assertBlocks(
        wiring, ConditionReason.WORKLOAD_DOES_NOT_READ_SECRET, "no variable LITELLM_MASTER_KEY");
  }

  @Test
  void saltEntryThatThePodsDoNotGetBlocks() {
    Wiring wiring =
        wiring(
            Fixture.of("plain")
                .with("            " + ENV_FROM_KEYS + "\n", "")
                .with(
                    LAST_ENV,
                    "- {name: LITELLM_MASTER_KEY, valueFrom: {secretKeyRef: {name: litellm-keys,"
                        + " key: LITELLM_MASTER_KEY}}}"));

    assertBlocks(
        wiring,
        ConditionReason.WORKLOAD_DOES_NOT_READ_SECRET,
        "so the master key encrypts its data",
        "Remove the entry");
  }

  @Test
  void newSaltThatThePodsWouldNotSeeBlocks() {
    Wiring wiring =
        wiring(
            Fixture.of("plain")
                .with("            " + ENV_FROM_KEYS + "\n", "")
                .with(
                    LAST_ENV,
                    "- {name: LITELLM_MASTER_KEY, valueFrom: {secretKeyRef: {name: litellm-keys,"
                        + " key: LITELLM_MASTER_KEY}}}"),
            TestRotations.in("ai"),
            "litellm-keys",
            "LITELLM_MASTER_KEY",
            false);

    assertBlocks(
        wiring,
        ConditionReason.WORKLOAD_DOES_NOT_READ_SECRET,
        "would not see the one that a rotation introduces",
        "optional: true");
  }

  @Test
  void newSaltThatThePodsWillSeeIsFine() {
    Wiring wiring =
        wiring(
            Fixture.of("plain"),
            TestRotations.in("ai"),
            "litellm-keys",
            "LITELLM_MASTER_KEY",
            false);

    assertThat(wiring.findings()).isEmpty();
  }

  @Test
  void newSaltThroughAnOptionalReferenceIsFine() {
    Wiring wiring =
        wiring(
            Fixture.of("plain")
                .with("            " + ENV_FROM_KEYS + "\n", "")
                .with(
                    LAST_ENV,
                    "- {name: LITELLM_MASTER_KEY, valueFrom: {secretKeyRef: {name: litellm-keys,"
                        + " key: LITELLM_MASTER_KEY}}}\n"
                        + "            - {name: LITELLM_SALT_KEY, valueFrom: {secretKeyRef: {name:"
                        + " litellm-keys, key: LITELLM_SALT_KEY, optional: true}}}"),
            TestRotations.in("ai"),
            "litellm-keys",
            "LITELLM_MASTER_KEY",
            false);

    assertThat(wiring.findings()).isEmpty();
  }

  @Test
  void saltEntryThatThePodsNeedAndTheSecretLacksBlocks() {
    Wiring wiring =
        wiring(
            Fixture.of("plain")
                .with(
                    LAST_ENV,
                    "- {name: LITELLM_SALT_KEY, valueFrom: {secretKeyRef: {name: litellm-keys, key:"
                        + " LITELLM_SALT_KEY}}}"),
            TestRotations.in("ai"),
            "litellm-keys",
            "LITELLM_MASTER_KEY",
            false);

    assertBlocks(wiring, ConditionReason.WORKLOAD_DOES_NOT_READ_SECRET, "no pod could start again");
  }

  @Test
  void sourceThatMayNotBeReadIsWorthAWarning() {
    sources.unread.add("Secret extra");

    Wiring wiring = wiring(Fixture.of("plain"));

    assertThat(wiring.findings()).isEmpty();
    assertThat(wiring.warnings())
        .singleElement()
        .asString()
        .contains("Secret extra, which the operator may not read");
  }

  @Test
  void masterRotationWithoutAnySaltIsFine() {
    Wiring wiring =
        wiring(
            Fixture.of("litellm-helm")
                .with(
                    "          envFrom:\n            - secretRef: {name: litellm-masterkey}\n", ""),
            TestRotations.in("ai", HELM_SECRET, List.of(KeyKind.MASTER)),
            "litellm-masterkey",
            "masterkey",
            false);

    assertThat(wiring.findings()).isEmpty();
  }

  /** Settings of the configuration file that block. */
  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          master_key: sk-canary|WORKLOAD_DOES_NOT_READ_SECRET|wins over the environment
          master_key:|WORKLOAD_DOES_NOT_READ_SECRET|wins over the environment
          master_key: os.environ/OTHER_KEY|WORKLOAD_DOES_NOT_READ_SECRET|no variable OTHER_KEY
          litellm_key_header_name: X-Key|NOT_SUPPORTED|litellm_key_header_name
          """)
  void settingBlocks(String setting, ConditionReason reason, String says) {
    Wiring wiring = wiring(Fixture.of("plain").with(STORE, setting));

    assertBlocks(wiring, reason, says);
  }

  @Test
  void saltUnderEnvironmentVariablesOfTheConfigurationBlocks() {
    Wiring wiring =
        wiring(
            Fixture.of("plain")
                .with(
                    STORE, STORE + "\n    environment_variables:\n      LITELLM_SALT_KEY: canary"));

    assertBlocks(
        wiring, ConditionReason.WORKLOAD_DOES_NOT_READ_SECRET, "under environment_variables");
  }

  /** Settings of the configuration file that are worth a word. */
  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          custom_auth: my.auth|custom_auth
          allow_requests_on_db_unavailable: true|while its database is down
          key_management_system: aws_secret_manager|key_management_system
          database_url: postgresql://canary|database_url of the configuration file
          """)
  void settingIsWorthAWarning(String setting, String says) {
    Wiring wiring = wiring(Fixture.of("plain").with(STORE, setting));

    assertThat(wiring.findings()).isEmpty();
    assertThat(wiring.warnings())
        .singleElement()
        .asString()
        .contains(says)
        .doesNotContain("canary");
  }

  @Test
  void masterKeyUnderTheWrongSectionIsWorthAWarning() {
    Wiring wiring =
        wiring(
            Fixture.of("plain")
                .with("general_settings:", "litellm_settings:")
                .with(STORE, "master_key: sk-canary\n      enable_redis_auth_cache: true"));

    assertThat(wiring.findings()).isEmpty();
    assertThat(wiring.warnings()).hasSize(2);
    assertThat(wiring.warnings().getFirst())
        .contains("under litellm_settings, which LiteLLM ignores");
    assertThat(wiring.toString()).doesNotContain("canary");
  }

  /** Ways to name and mount the configuration, all of which lead to the literal key in it. */
  @ParameterizedTest(name = "{0} | {1}")
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          args: [--config, /etc/litellm/config.yaml|{name: config, mountPath: /etc/litellm}|{name: config, configMap: {name: litellm-config}}
          args: [--config=/etc/litellm/config.yaml|{name: config, mountPath: /etc/litellm/}|{name: config, configMap: {name: litellm-config}}
          args: [-c, config.yaml|{name: config, mountPath: /app/config.yaml, subPath: config.yaml}|{name: config, configMap: {name: litellm-config}}
          args: [--config, proxy.yaml|{name: config, mountPath: /app}|{name: config, configMap: {name: litellm-config, items: [{key: config.yaml, path: proxy.yaml}]}}
          command: [sh, -c, "exec litellm --config /c/config.yaml"], args: [x|{name: config, mountPath: /c}|{name: config, projected: {sources: [{configMap: {name: litellm-config}}]}}
          args: [--config, $(STORE_MODEL_IN_DB)/config.yaml|{name: config, mountPath: /app/True}|{name: config, configMap: {name: litellm-config}}
          """)
  void configurationIsFoundWhereverItIsMounted(String args, String mount, String volume) {
    Wiring wiring =
        wiring(
            Fixture.of("plain")
                .with(
                    "args: [--config, /etc/litellm/config.yaml",
                    args.replace("], args", "]\n          args"))
                .with("{name: config, mountPath: /etc/litellm}", mount)
                .with("{name: config, configMap: {name: litellm-config}}", volume)
                .with(STORE, "master_key: sk-canary"));

    assertBlocks(wiring, ConditionReason.WORKLOAD_DOES_NOT_READ_SECRET, "configuration file");
  }

  @Test
  void configurationInASecretIsRead() {
    sources.secrets.put(
        "config", Map.of("config.yaml", "general_settings: {master_key: sk-canary}"));

    Wiring wiring =
        wiring(
            Fixture.of("plain")
                .with("configMap: {name: litellm-config}", "secret: {secretName: config}"));

    assertBlocks(wiring, ConditionReason.WORKLOAD_DOES_NOT_READ_SECRET, "configuration file");
  }

  @Test
  void configFilePathVariableWinsOverTheCommandLine() {
    Wiring wiring =
        wiring(
            Fixture.of("plain")
                .with(LAST_ENV, "- {name: CONFIG_FILE_PATH, value: /elsewhere/config.yaml}")
                .with(STORE, "master_key: sk-canary"));

    assertThat(wiring.findings()).isEmpty();
    assertThat(wiring.warnings()).singleElement().asString().contains("/elsewhere/config.yaml");
  }

  @Test
  void configurationThatIsNotInAVolumeIsWorthAWarning() {
    Wiring wiring =
        wiring(Fixture.of("plain").with("mountPath: /etc/litellm", "mountPath: /other"));

    assertThat(wiring.findings()).isEmpty();
    assertThat(wiring.warnings())
        .singleElement()
        .asString()
        .contains("/etc/litellm/config.yaml", "would win over the environment");
  }

  @Test
  void databaseThatTheSpecLeavesOutBlocks() {
    KeyRotation owner = TestRotations.in("ai", TestRotations.SECRET, List.of(KeyKind.MASTER));
    KeyRotationSpec spec = owner.getSpec();
    owner.setSpec(spec.withDatabase(null));

    Wiring wiring = wiring(Fixture.of("plain"), owner, "litellm-keys", "LITELLM_MASTER_KEY", true);

    assertBlocks(wiring, ConditionReason.INVALID_SPEC, "spec.database is not set");
  }

  @Test
  void databaseFromAnotherSecretIsWorthAWarning() {
    Wiring wiring =
        wiring(
            Fixture.of("plain")
                .with(
                    LAST_ENV,
                    "- {name: DATABASE_URL, valueFrom: {secretKeyRef: {name: pg, key: url}}}"));

    assertThat(wiring.findings()).isEmpty();
    assertThat(wiring.warnings()).singleElement().asString().contains("entry url of Secret pg");
  }

  /** One change each to the Deployment itself, and what then blocks. */
  @ParameterizedTest(name = "{1}")
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          replicas: 2|{replicas: 2, paused: true}|WORKLOAD_NOT_STEADY|is paused
          args: [|args: [--ssl_keyfile_path, /tls.key, |INVALID_SPEC|spec.proxy.tls.mode is Disabled
          """)
  void deploymentThatCannotBeRestartedOrAskedBlocks(
      String part, String other, ConditionReason reason, String says) {
    Wiring wiring =
        wiring(
            Fixture.of("plain")
                .with(part, other.replaceAll("[{}]", "").replace(", paused", "\n  paused")));

    assertBlocks(wiring, reason, says);
  }

  @Test
  void podsThatServeHttpsAreAskedOverIt() {
    KeyRotation owner = TestRotations.in("ai");
    owner.setSpec(owner.getSpec().withProxy(new ProxySpec(null)));
    Fixture secured = Fixture.of("plain").with("args: [", "args: [--ssl_keyfile_path, /tls.key, ");

    Wiring wiring = wiring(secured, owner, "litellm-keys", "LITELLM_MASTER_KEY", true);

    assertThat(wiring.findings()).isEmpty();
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          strategy: {type: Recreate}|every restart is a gap
          strategy: {type: RollingUpdate, rollingUpdate: {maxUnavailable: 2}}|may lose all its pods
          strategy: {type: RollingUpdate, rollingUpdate: {maxUnavailable: 100%}}|may lose all its pods
          """)
  void strategyThatMakesAGapIsWorthAWarning(String strategy, String says) {
    Wiring wiring = wiring(Fixture.of("plain").with("replicas: 2", "replicas: 2\n  " + strategy));

    assertThat(wiring.findings()).isEmpty();
    assertThat(wiring.warnings()).singleElement().asString().contains(says);
  }

  @Test
  void autoscalerIsWorthAWarning() {
    sources.autoscalers.add("scaler");

    Wiring wiring = wiring(Fixture.of("plain"));

    assertThat(wiring.warnings())
        .singleElement()
        .asString()
        .contains("HorizontalPodAutoscaler scaler");
  }

  @Test
  void sidecarThatReadsTheSecretIsWorthAWarning() {
    Wiring wiring =
        wiring(
            Fixture.of("plain")
                .with(
                    "      containers:\n",
                    "      containers:\n"
                        + "        - {name: smoke, image: x, envFrom: [{secretRef: {name:"
                        + " litellm-keys}}]}\n"
                        + "        - {name: other, image: x, envFrom: [{secretRef: {name:"
                        + " litellm-db}}]}\n"));

    assertThat(wiring.findings()).isEmpty();
    assertThat(wiring.warnings()).singleElement().asString().contains("in container smoke too");
  }

  @Test
  void containerThatCannotBeToldBlocks() {
    Wiring wiring =
        wiring(
            Fixture.of("plain")
                .with("- name: litellm\n          image", "- name: proxy\n          image")
                .with(
                    "      containers:\n",
                    "      containers:\n        - {name: smoke, image: x}\n"));

    assertBlocks(wiring, ConditionReason.INVALID_SPEC, "smoke, proxy", "deployment.container");
  }

  @Test
  void containerOfTheSpecIsTheOneThatCounts() {
    sources.secrets.put("litellm-keys", Map.of("LITELLM_MASTER_KEY", "sk-canary"));

    Wiring wiring =
        wiring(
            Fixture.of("plain")
                .with(
                    "      containers:\n", "      containers:\n        - {name: bare, image: x}\n"),
            TestRotations.in("ai", TestRotations.SECRET, List.of(KeyKind.MASTER)),
            new DeploymentTarget("litellm", "bare", null));

    assertThat(wiring.findings())
        .singleElement()
        .extracting(Finding::message)
        .asString()
        .contains("no variable LITELLM_MASTER_KEY");
  }
}
