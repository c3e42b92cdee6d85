package dev.keyrotation.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import io.soabase.recordbuilder.core.RecordBuilder;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A host that is reached over SSH. */
@RecordBuilder
@JsonInclude(JsonInclude.Include.NON_EMPTY)
@ValidationRule(
    value =
        "[has(self.privateKeyFrom), has(self.privateKeyFile), has(self.agent) && self.agent].exists_one(set, set)",
    message = "exactly one of privateKeyFrom, privateKeyFile and agent logs in")
public record HostSpec(
    @Required
        @Size(min = 1, max = 253)
        @Pattern("^[A-Za-z0-9._:%-]+$")
        @JsonPropertyDescription("Name or IP address of the host.")
        String address,
    @Default("22") @Min(1) @Max(65535) @JsonPropertyDescription("Port of its SSH server.") int port,
    @Required
        @Size(min = 1, max = 64)
        @Pattern("^[A-Za-z0-9_][A-Za-z0-9_.@\\\\-]*$")
        @JsonPropertyDescription("User to log in as.")
        String user,
    @Required
        @Size(min = 1, max = 8)
        @JsonPropertyDescription(
            "Public keys of the host, as in its /etc/ssh/ssh_host_ed25519_key.pub. A host that shows another key is"
                + " refused.")
        List<String> hostKeys,
    @JsonPropertyDescription(
            "Private key to log in with, in OpenSSH or PEM form, without a passphrase, from a Secret in the namespace of"
                + " the KeyRotation.")
        @Nullable PrivateKeySource privateKeyFrom,
    @Size(min = 1, max = 4096)
        @Pattern("^/[^\\n\\r]*$")
        @JsonPropertyDescription(
            "Absolute path of the private key's file, without a passphrase; for the `keyrotation` command.")
        @Nullable String privateKeyFile,
    @Default("false")
        @JsonPropertyDescription(
            "Log in with the keys of the SSH agent at SSH_AUTH_SOCK; for the `keyrotation` command.")
        boolean agent,
    @Default("false")
        @JsonPropertyDescription(
            "Run commands by `sudo -n` (never asks for a password), where the user itself may not restart the unit or"
                + " write the file.")
        boolean sudo)
    implements HostSpecBuilder.With {

  private static final int SSH_PORT = 22;

  public HostSpec(
      String address,
      int port,
      String user,
      List<String> hostKeys,
      @Nullable PrivateKeySource privateKeyFrom,
      @Nullable String privateKeyFile,
      boolean agent,
      boolean sudo) {
    this.address = address;
    this.port = port == 0 ? SSH_PORT : port;
    this.user = user;
    this.hostKeys = hostKeys == null ? List.of() : List.copyOf(hostKeys);
    this.privateKeyFrom = privateKeyFrom;
    this.privateKeyFile = privateKeyFile;
    this.agent = agent;
    this.sudo = sudo;
  }
}
