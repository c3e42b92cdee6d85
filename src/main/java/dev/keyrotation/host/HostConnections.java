package dev.keyrotation.host;

import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.api.v1alpha1.HostSpec;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.PrivateKeySource;
import dev.keyrotation.api.v1alpha1.SecretKeyRef;
import dev.keyrotation.api.v1alpha1.SystemdUnitTarget;
import dev.keyrotation.failure.Recovery;
import dev.keyrotation.failure.RotationException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.sshd.client.SshClient;
import org.apache.sshd.common.NamedResource;
import org.apache.sshd.common.keyprovider.KeyIdentityProvider;
import org.apache.sshd.common.util.security.SecurityUtils;
import org.jspecify.annotations.Nullable;

/** Hosts and their connections, kept from turn to turn. */
public final class HostConnections implements Hosts, AutoCloseable {
  private final Place place;
  private final @Nullable Host thisHost;
  private final @Nullable SecretReader secrets;
  private final @Nullable String agentSocket;
  private final Map<Key, SshHost> connected = new ConcurrentHashMap<>();

  /** Reads an entry of a Secret in the namespace of a KeyRotation. */
  @FunctionalInterface
  public interface SecretReader {
    /**
     * @throws RotationException when Secret or entry do not exist or cannot be read
     */
    String read(KeyRotation owner, SecretKeyRef entry);
  }

  private enum Place {
    CLUSTER,
    COMMAND
  }

  private record Key(@Nullable String namespace, HostSpec spec) {}

  private HostConnections(
      Place place,
      @Nullable Host thisHost,
      @Nullable SecretReader secrets,
      @Nullable String agentSocket) {
    this.place = place;
    this.thisHost = thisHost;
    this.secrets = secrets;
    this.agentSocket = agentSocket;
  }

  /** For the operator in a cluster: remote hosts only, with private keys from Secrets. */
  public static HostConnections inCluster(SecretReader secrets) {
    return new HostConnections(Place.CLUSTER, null, secrets, null);
  }

  /**
   * For the command: the host it runs on, and remote hosts with private keys from files or an
   * agent.
   *
   * @param agentSocket the value of SSH_AUTH_SOCK; null when there is no agent
   */
  public static HostConnections ofCommand(@Nullable String agentSocket) {
    return new HostConnections(Place.COMMAND, new LocalHost(), null, agentSocket);
  }

  @Override
  public Host of(KeyRotation owner, SystemdUnitTarget unit) {
    HostSpec spec = unit.host();
    if (spec == null) {
      if (thisHost == null) {
        throw notSupported(
            unit.displayName()
                + " names no host. The operator in a cluster reaches units over SSH only: set systemdUnit.host, or run"
                + " the `keyrotation` command on the host itself.");
      }
      return thisHost;
    }
    requireKnownLogin(unit, spec);
    return connected.computeIfAbsent(
        new Key(owner.getMetadata().getNamespace(), spec),
        key -> new SshHost(spec, new SshConnection(spec, client -> login(owner, spec, client))));
  }

  private void requireKnownLogin(SystemdUnitTarget unit, HostSpec spec) {
    if (place == Place.CLUSTER && spec.privateKeyFrom() == null) {
      throw notSupported(
          unit.displayName()
              + " logs in with a file or an agent, which the operator in a cluster does not have: set"
              + " host.privateKeyFrom.");
    }
    if (place == Place.COMMAND && spec.privateKeyFrom() != null) {
      throw notSupported(
          unit.displayName()
              + " logs in with a key from a Secret, which the command does not have: set host.privateKeyFile or"
              + " host.agent.");
    }
  }

  private void login(KeyRotation owner, HostSpec spec, SshClient client) {
    PrivateKeySource source = spec.privateKeyFrom();
    String file = spec.privateKeyFile();
    if (source != null && secrets != null) {
      SecretKeyRef entry = source.secretKeyRef();
      use(
          client,
          secrets.read(owner, entry),
          "entry " + entry.key() + " of Secret " + entry.name());
    } else if (file != null) {
      use(client, text(file), "file " + file);
    } else if (agentSocket == null) {
      throw denied("There is no SSH agent: SSH_AUTH_SOCK is not set.");
    } else {
      client.setAgentFactory(UnixSocketAgent.at(agentSocket));
    }
  }

  private static String text(String file) {
    try {
      return Files.readString(Path.of(file), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw denied("The private key in file " + file + " cannot be read.");
    }
  }

  /** The causes of a failure quote the key; they are not kept. */
  private static void use(SshClient client, String text, String where) {
    @Nullable Iterable<KeyPair> keys = null;
    try {
      keys =
          SecurityUtils.loadKeyPairIdentities(
              null,
              NamedResource.ofName(where),
              new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)),
              null);
    } catch (IOException | GeneralSecurityException | RuntimeException e) {
      throw unusable(where);
    }
    if (keys == null) {
      throw unusable(where);
    }
    client.setKeyIdentityProvider(KeyIdentityProvider.wrapKeyPairs(keys));
  }

  private static RotationException unusable(String where) {
    return denied(
        "The private key in "
            + where
            + " cannot be used: it is no key in OpenSSH or PEM form, or has a passphrase.");
  }

  private static RotationException denied(String sentence) {
    return new RotationException(ConditionReason.HOST_ACCESS_DENIED, Recovery.HALT, sentence);
  }

  private static RotationException notSupported(String sentence) {
    return new RotationException(ConditionReason.NOT_SUPPORTED, Recovery.HALT, sentence);
  }

  @Override
  public void close() {
    connected.values().forEach(SshHost::close);
    connected.clear();
  }
}
