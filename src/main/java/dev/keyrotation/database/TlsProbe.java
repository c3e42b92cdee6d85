package dev.keyrotation.database;

import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;

/** Asks a PostgreSQL server, or a pooler, whether it speaks TLS. Sends nothing else. */
final class TlsProbe {
  private static final int TIMEOUT = Math.toIntExact(Duration.ofSeconds(5).toMillis());
  private static final int LENGTH = 8;

  /** The number that stands for an SSLRequest in PostgreSQL's protocol. */
  private static final int SSL_REQUEST = 80877103;

  private TlsProbe() {}

  /** Whether it says that it does not; false when it does, or gives no answer. */
  static boolean isRefused(String host, int port) {
    try (Socket socket = new Socket()) {
      socket.setSoTimeout(TIMEOUT);
      socket.connect(new InetSocketAddress(host.replaceAll("[\\[\\]]", ""), port), TIMEOUT);
      DataOutputStream out = new DataOutputStream(socket.getOutputStream());
      out.writeInt(LENGTH);
      out.writeInt(SSL_REQUEST);
      out.flush();
      return socket.getInputStream().read() == 'N';
    } catch (IOException e) {
      return false;
    }
  }
}
