package dev.keyrotation.database;

import dev.keyrotation.tls.Authorities;
import java.io.IOException;
import java.net.Socket;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import org.jspecify.annotations.Nullable;
import org.postgresql.ssl.WrappedFactory;

/**
 * Makes the driver's TLS sockets. The Java runtime itself checks the server's name in the
 * handshake, before the driver sends the login; so what is wrong can be told by type.
 *
 * <p>The driver makes it by its class name, and hands it one text: see {@link #argument}.
 */
public final class VerifyingSocketFactory extends WrappedFactory {
  private static final String[] PROTOCOLS = {"TLSv1.3", "TLSv1.2"};

  private final String name;

  /** For the driver. */
  public VerifyingSocketFactory(String argument) {
    int line = argument.indexOf('\n');
    this.name = argument.substring(0, line);
    String pem = argument.substring(line + 1);
    this.factory =
        Authorities.context(pem.isEmpty() ? null : pem, ServerTrust.FIELD).getSocketFactory();
  }

  /**
   * What the driver is to hand to the constructor.
   *
   * @param name DNS name or address that the certificate has to be for; null: any
   * @param pem authorities; null: those that the Java runtime knows
   */
  static String argument(@Nullable String name, @Nullable String pem) {
    return (name == null ? "" : name) + "\n" + (pem == null ? "" : pem);
  }

  @Override
  public Socket createSocket(Socket socket, String host, int port, boolean autoClose)
      throws IOException {
    String asked = name.isEmpty() ? host : name;
    SSLSocket secured = (SSLSocket) factory.createSocket(socket, asked, port, autoClose);
    secured.setEnabledProtocols(PROTOCOLS);
    if (!name.isEmpty()) {
      SSLParameters parameters = secured.getSSLParameters();
      parameters.setEndpointIdentificationAlgorithm("HTTPS");
      secured.setSSLParameters(parameters);
    }
    return secured;
  }
}
