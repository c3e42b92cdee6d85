package dev.keyrotation.database;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/**
 * Stands between a client and the server and can swallow an answer: a request that contains a word
 * is passed on, and nothing comes back any more. Or it hangs up, as the end of a process does.
 */
final class CuttingProxy implements AutoCloseable {
  private final ServerSocket listener;
  private final int target;
  private final List<Socket> sockets = new CopyOnWriteArrayList<>();
  private volatile String word = "";

  CuttingProxy(int target) throws IOException {
    this.target = target;
    this.listener = new ServerSocket(0, 10, InetAddress.getByName("localhost"));
    Thread.ofVirtual().start(this::accept);
  }

  int port() {
    return listener.getLocalPort();
  }

  /** From now on. */
  void cutAfter(String newWord) {
    word = newWord;
  }

  /** On both sides, in the middle of whatever goes on. */
  void hangUp() throws IOException {
    for (Socket socket : sockets) {
      socket.close();
    }
  }

  private void accept() {
    try {
      while (true) {
        Socket client = listener.accept();
        Socket server = new Socket("localhost", target);
        sockets.addAll(List.of(client, server));
        Thread.ofVirtual().start(() -> pump(client, server, client));
        Thread.ofVirtual().start(() -> pump(server, client, null));
      }
    } catch (IOException e) {
      // Closed at the end of the test.
    }
  }

  /** Copies; {@code cut} is closed when the word has passed. */
  private void pump(Socket from, Socket to, @Nullable Socket cut) {
    byte[] buffer = new byte[65_536];
    try {
      InputStream in = from.getInputStream();
      OutputStream out = to.getOutputStream();
      for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
        String seen = word;
        boolean cutNow =
            cut != null && !seen.isEmpty() && new String(buffer, 0, n, ISO_8859_1).contains(seen);
        if (cutNow) {
          cut.shutdownOutput();
        }
        out.write(buffer, 0, n);
        out.flush();
      }
    } catch (SocketException e) {
      // One of the two ends hung up.
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() throws IOException {
    listener.close();
  }
}
