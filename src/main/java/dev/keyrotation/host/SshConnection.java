package dev.keyrotation.host;

import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.api.v1alpha1.HostSpec;
import dev.keyrotation.failure.Recovery;
import dev.keyrotation.failure.RotationException;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.PublicKey;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.apache.sshd.client.SshClient;
import org.apache.sshd.client.auth.pubkey.UserAuthPublicKeyFactory;
import org.apache.sshd.client.config.hosts.HostConfigEntryResolver;
import org.apache.sshd.client.session.ClientSession;
import org.apache.sshd.common.NamedFactory;
import org.apache.sshd.common.config.keys.KeyUtils;
import org.apache.sshd.common.config.keys.PublicKeyEntry;
import org.apache.sshd.common.config.keys.PublicKeyEntryResolver;
import org.apache.sshd.common.keyprovider.KeyIdentityProvider;
import org.apache.sshd.common.session.SessionHeartbeatController.HeartbeatType;
import org.apache.sshd.common.signature.Signature;
import org.apache.sshd.core.CoreModuleProperties;
import org.jspecify.annotations.Nullable;

/**
 * One SSH connection: pinned host keys, public key login only, nothing read from the user's own
 * configuration.
 */
final class SshConnection implements AutoCloseable {
  private static final Duration CONNECT = Duration.ofSeconds(10);
  private static final Duration LOGIN = Duration.ofSeconds(20);
  private static final Duration HEARTBEAT = Duration.ofSeconds(10);
  private static final Duration IDLE = Duration.ofMinutes(10);

  private final HostSpec spec;
  private final Identity identity;
  private @Nullable SshClient client;
  private @Nullable ClientSession session;

  /** Gives a client its private keys, read anew for each connection. */
  @FunctionalInterface
  interface Identity {
    /**
     * @throws RotationException when there is no usable key
     */
    void give(SshClient client);
  }

  SshConnection(HostSpec spec, Identity identity) {
    this.spec = spec;
    this.identity = identity;
  }

  /** The connection that is there, or a new one. */
  synchronized ClientSession open() {
    ClientSession present = session;
    if (present != null && present.isOpen() && present.isAuthenticated()) {
      return present;
    }
    drop();
    Pins pins = new Pins(pinned());
    SshClient fresh = configured(pins);
    client = fresh;
    boolean connected = false;
    try {
      fresh.start();
      ClientSession opened =
          fresh.connect(spec.user(), spec.address(), spec.port()).verify(CONNECT).getSession();
      connected = true;
      session = opened;
      opened.auth().verify(LOGIN);
      return opened;
    } catch (IOException e) {
      drop();
      throw refused(pins, connected);
    } catch (RuntimeException e) {
      drop();
      throw e;
    }
  }

  private SshClient configured(Pins pins) {
    SshClient fresh = SshClient.setUpDefaultClient();
    fresh.setHostConfigEntryResolver(HostConfigEntryResolver.EMPTY);
    fresh.setKeyIdentityProvider(KeyIdentityProvider.EMPTY_KEYS_PROVIDER);
    fresh.setServerKeyVerifier((session, address, key) -> pins.accept(key));
    fresh.setUserAuthFactories(List.of(UserAuthPublicKeyFactory.INSTANCE));
    fresh.setSignatureFactories(pinnedFirst(fresh.getSignatureFactories(), pins));
    fresh.setSessionHeartbeat(HeartbeatType.IGNORE, HEARTBEAT);
    CoreModuleProperties.IDLE_TIMEOUT.set(fresh, IDLE);
    CoreModuleProperties.AUTH_TIMEOUT.set(fresh, LOGIN);
    identity.give(fresh);
    return fresh;
  }

  /** A server with several keys shows the one whose kind the client prefers. */
  private static List<NamedFactory<Signature>> pinnedFirst(
      List<NamedFactory<Signature>> factories, Pins pins) {
    List<NamedFactory<Signature>> sorted = new ArrayList<>(factories);
    sorted.sort(Comparator.comparing(factory -> !pins.hasKind(factory.getName())));
    return sorted;
  }

  private List<PublicKey> pinned() {
    List<PublicKey> keys = new ArrayList<>();
    for (String line : spec.hostKeys()) {
      try {
        PublicKey key =
            PublicKeyEntry.parsePublicKeyEntry(line)
                .resolvePublicKey(null, null, PublicKeyEntryResolver.FAILING);
        keys.add(key);
      } catch (IOException | GeneralSecurityException | IllegalArgumentException e) {
        throw new RotationException(
            ConditionReason.INVALID_SPEC,
            Recovery.HALT,
            "host.hostKeys of "
                + spec.address()
                + " holds a line that is no public key. Copy the line of the host's"
                + " /etc/ssh/ssh_host_ed25519_key.pub.");
      }
    }
    return keys;
  }

  private RotationException refused(Pins pins, boolean connected) {
    String host = spec.address() + ":" + spec.port();
    if (pins.refused()) {
      return new RotationException(
          ConditionReason.HOST_KEY_MISMATCH,
          Recovery.HALT,
          host
              + " shows a host key that host.hostKeys does not name: it is another host, or its key was replaced."
              + " Nothing was sent to it.");
    }
    return connected && pins.accepted()
        ? new RotationException(
            ConditionReason.HOST_ACCESS_DENIED,
            Recovery.HALT,
            host
                + " refuses the login of "
                + spec.user()
                + ". Add the public key to its authorized_keys, or correct host.user and the private key.")
        : new RotationException(
            ConditionReason.HOST_UNREACHABLE,
            Recovery.RETRY,
            host + " cannot be reached over SSH.");
  }

  /** Closes what is open; the next command connects anew. */
  synchronized void drop() {
    ClientSession old = session;
    SshClient oldClient = client;
    session = null;
    client = null;
    if (old != null) {
      old.close(true);
    }
    if (oldClient != null) {
      oldClient.stop();
    }
  }

  @Override
  public void close() {
    drop();
  }

  /** The keys that the host may show, and what it showed. */
  private static final class Pins {
    private final List<PublicKey> keys;
    private volatile boolean refused;
    private volatile boolean accepted;

    Pins(List<PublicKey> keys) {
      this.keys = keys;
    }

    boolean accept(PublicKey shown) {
      boolean known = keys.stream().anyMatch(key -> KeyUtils.compareKeys(key, shown));
      accepted = known;
      refused = !known;
      return known;
    }

    boolean refused() {
      return refused;
    }

    boolean accepted() {
      return accepted;
    }

    boolean hasKind(String signature) {
      return keys.stream()
          .map(KeyUtils::getKeyType)
          .anyMatch(
              kind ->
                  kind != null
                      && (signature.equals(kind)
                          || (kind.equals("ssh-rsa") && signature.startsWith("rsa-sha2"))));
    }
  }
}
