package dev.keyrotation.proxy;

import dev.keyrotation.tls.Loopback;
import java.net.URI;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/**
 * How requests travel.
 *
 * @param context whom https trusts
 * @param serverName the name in the certificate of an instance that is asked by its address
 * @param plain whether a key may be sent without TLS to other hosts than this one
 */
record Transport(SSLContext context, @Nullable String serverName, boolean plain) {
  private static final String TLS = "https";

  boolean mayCarryKeyTo(URI instance) {
    return plain || TLS.equals(instance.getScheme()) || Loopback.is(instance.getHost());
  }
}
