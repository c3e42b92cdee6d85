package dev.keyrotation.proxy;

import dev.keyrotation.api.v1alpha1.CaSource;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.TlsMode;
import dev.keyrotation.api.v1alpha1.TlsSpec;
import dev.keyrotation.tls.Authorities;
import dev.keyrotation.tls.CaReader;
import java.net.URI;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Asks over HTTP, or HTTPS with the authorities that the spec names, read anew each time. */
public final class HttpProxies implements Proxies {
  private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(3);
  private static final Duration TIMEOUT = Duration.ofSeconds(10);
  private static final long MAX_BODY = 32L << 20;
  private static final int KEPT = 32;
  private static final String FIELD = "spec.proxy.tls.caFrom";

  private final CaReader authorities;
  private final Map<Manner, HttpProxyApi> kept = new LinkedHashMap<>();

  public HttpProxies(CaReader authorities) {
    this.authorities = authorities;
  }

  private record Manner(@Nullable String pem, @Nullable String serverName, boolean plain) {}

  @Override
  public ProxyApi of(KeyRotation rotation) {
    return client(rotation);
  }

  /**
   * Whether the instance says that it is ready to serve. Sends no key.
   *
   * @throws dev.keyrotation.failure.RotationException with {@code TLS_FAILED} when its certificate
   *     cannot be verified
   */
  public boolean isReady(KeyRotation rotation, URI instance) {
    return client(rotation).isReady(instance);
  }

  private HttpProxyApi client(KeyRotation rotation) {
    TlsSpec tls = rotation.getSpec().proxy().tls();
    CaSource source = tls.caFrom();
    return client(
        new Manner(
            source == null ? null : authorities.read(rotation, source, FIELD),
            tls.serverName(),
            tls.mode() == TlsMode.DISABLED));
  }

  /** Each has a thread of its own; one that is dropped here ends when nobody uses it any more. */
  private synchronized HttpProxyApi client(Manner manner) {
    HttpProxyApi found = kept.remove(manner);
    if (found == null) {
      found =
          new HttpProxyApi(
              new InstanceClient(
                  CONNECT_TIMEOUT,
                  TIMEOUT,
                  MAX_BODY,
                  new Transport(
                      Authorities.context(manner.pem(), FIELD),
                      manner.serverName(),
                      manner.plain())));
    }
    kept.put(manner, found);
    if (kept.size() > KEPT) {
      kept.remove(kept.keySet().iterator().next());
    }
    return found;
  }
}
