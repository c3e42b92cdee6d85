package dev.keyrotation.host;

import java.io.EOFException;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.List;
import org.apache.sshd.agent.SshAgent;
import org.apache.sshd.agent.SshAgentFactory;
import org.apache.sshd.agent.SshAgentServer;
import org.apache.sshd.agent.common.AbstractAgentProxy;
import org.apache.sshd.common.FactoryManager;
import org.apache.sshd.common.channel.ChannelFactory;
import org.apache.sshd.common.session.ConnectionService;
import org.apache.sshd.common.session.Session;
import org.apache.sshd.common.util.buffer.Buffer;
import org.apache.sshd.common.util.buffer.ByteArrayBuffer;

/**
 * The SSH agent at a Unix socket. The library's own client needs native code; the JDK has such
 * sockets by itself.
 */
final class UnixSocketAgent extends AbstractAgentProxy {
  private static final int LONGEST_REPLY = 256 << 10;

  private final SocketChannel channel;

  private UnixSocketAgent(SocketChannel channel) {
    super(null);
    this.channel = channel;
  }

  @Override
  protected synchronized Buffer request(Buffer buffer) throws IOException {
    ByteBuffer out = ByteBuffer.wrap(buffer.array(), buffer.rpos(), buffer.available());
    while (out.hasRemaining()) {
      channel.write(out);
    }
    int length = receive(4).getInt();
    if (length <= 0 || length > LONGEST_REPLY) {
      throw new IOException("the agent's reply has no proper length");
    }
    byte[] reply = new byte[length];
    receive(length).get(reply);
    return new ByteArrayBuffer(reply);
  }

  private ByteBuffer receive(int length) throws IOException {
    ByteBuffer in = ByteBuffer.allocate(length);
    while (in.hasRemaining()) {
      if (channel.read(in) < 0) {
        throw new EOFException("the agent closed the connection");
      }
    }
    return in.flip();
  }

  @Override
  public boolean isOpen() {
    return channel.isOpen();
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }

  /** Connects to the agent at {@code socket} for each login. */
  static SshAgentFactory at(String socket) {
    return new SshAgentFactory() {
      @Override
      public List<ChannelFactory> getChannelForwardingFactories(FactoryManager manager) {
        return List.of();
      }

      @Override
      public SshAgent createClient(Session session, FactoryManager manager) throws IOException {
        return new UnixSocketAgent(SocketChannel.open(UnixDomainSocketAddress.of(socket)));
      }

      @Override
      public SshAgentServer createServer(ConnectionService service) throws IOException {
        throw new IOException("an agent is not forwarded");
      }
    };
  }
}
