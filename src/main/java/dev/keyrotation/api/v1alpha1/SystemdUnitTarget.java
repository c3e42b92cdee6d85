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
import org.jspecify.annotations.Nullable;

/** A systemd unit that runs LiteLLM. */
@RecordBuilder
@JsonInclude(JsonInclude.Include.NON_EMPTY)
@ValidationRule(
    value = "self.masterKey != self.saltKey",
    message = "masterKey and saltKey name the same variable")
@ValidationRule(
    value = "[has(self.environmentFile), has(self.credentialFiles)].exists_one(set, set)",
    message = "a unit reads its keys from exactly one of environmentFile and credentialFiles")
@ValidationRule(
    value = "!has(self.credentialFiles) || !has(self.mirrors) || self.mirrors.size() == 0",
    message = "mirrors are variables of environmentFile; with credentialFiles there are none")
public record SystemdUnitTarget(
    @Required
        @Size(min = 1, max = 253)
        @Pattern("^[A-Za-z0-9:_.\\\\@-]+\\.service$")
        @JsonPropertyDescription("Name of the unit, for example litellm.service.")
        String unit,
    @Size(min = 1, max = 4096)
        @Pattern("^/[^\\n\\r]*$")
        @JsonPropertyDescription(
            "Absolute path of the file from which the unit reads its keys, by EnvironmentFile=, by"
                + " LoadCredential=, or by a shell that sources it. The keys are replaced in this"
                + " file; every other byte stays.")
        @Nullable String environmentFile,
    @JsonPropertyDescription(
            "In place of environmentFile: files that hold one key each and nothing else, which the"
                + " unit reads by LoadCredential= or in its command.")
        @Nullable CredentialFiles credentialFiles,
    @Default("LITELLM_MASTER_KEY")
        @Size(min = 1, max = 253)
        @Pattern(VARIABLE)
        @JsonPropertyDescription(
            "Variable that holds the master key, in environmentFile and in the running process.")
        String masterKey,
    @Default("LITELLM_SALT_KEY")
        @Size(min = 1, max = 253)
        @Pattern(VARIABLE)
        @JsonPropertyDescription(
            "Variable that holds the salt key, in environmentFile and in the running process. When"
                + " the file has none, the master key encrypts the data.")
        String saltKey,
    @Size(max = 16)
        @JsonPropertyDescription(
            "Variables of the file that hold copies of the master key, for example"
                + " LITELLM_SMOKE_TEST_KEY. They are given the new master key too.")
        List<String> mirrors,
    @Size(min = 1, max = 2048)
        @Pattern("^https?://[^/?#\\s]+$")
        @JsonPropertyDescription(
            "Base URL of this unit's HTTP API, as whoever rotates reaches it; never a load"
                + " balancer. By default http://ADDRESS:4000 with host.address, or 127.0.0.1"
                + " without host.")
        @Nullable String url,
    @JsonPropertyDescription(
            "The host that runs the unit, reached over SSH. Without it the unit runs on the host of"
                + " the `keyrotation` command; the operator in a cluster needs it.")
        @Nullable HostSpec host)
    implements SystemdUnitTargetBuilder.With {

  /** What a variable of an environment file can be called. */
  static final String VARIABLE = "^[A-Za-z_][A-Za-z0-9_]*$";

  private static final int USUAL_PORT = 4000;

  public SystemdUnitTarget(
      String unit,
      @Nullable String environmentFile,
      @Nullable CredentialFiles credentialFiles,
      @Nullable String masterKey,
      @Nullable String saltKey,
      @Nullable List<String> mirrors,
      @Nullable String url,
      @Nullable HostSpec host) {
    this.unit = unit;
    this.environmentFile = environmentFile;
    this.credentialFiles = credentialFiles;
    this.masterKey = masterKey == null ? "LITELLM_MASTER_KEY" : masterKey;
    this.saltKey = saltKey == null ? "LITELLM_SALT_KEY" : saltKey;
    this.mirrors = mirrors == null ? List.of() : List.copyOf(mirrors);
    this.url = url;
    this.host = host;
  }

  /** A unit of this host with LiteLLM's usual variables and port. */
  public static SystemdUnitTarget local(String unit, String environmentFile) {
    return new SystemdUnitTarget(unit, environmentFile, null, null, null, null, null, null);
  }

  /** The paths of the files with its keys, in the order in which they are written. */
  public List<String> keyFiles() {
    return credentialFiles != null
        ? credentialFiles.paths()
        : environmentFile == null ? List.of() : List.of(environmentFile);
  }

  /** {@link #url}, or the default. */
  public String baseUrl() {
    if (url != null) {
      return url;
    }
    String address = host == null ? "127.0.0.1" : host.address();
    return "http://"
        + (address.indexOf(':') < 0 ? address : "[" + address + "]")
        + ":"
        + USUAL_PORT;
  }

  /**
   * What people call it in messages: {@code unit/litellm.service}, with its host when it has one.
   */
  public String displayName() {
    return "unit/" + unit + (host == null ? "" : " on " + host.address());
  }
}
