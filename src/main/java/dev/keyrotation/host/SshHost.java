package dev.keyrotation.host;

import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.api.v1alpha1.HostSpec;
import dev.keyrotation.failure.Recovery;
import dev.keyrotation.failure.RotationException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.apache.sshd.client.channel.ChannelExec;
import org.apache.sshd.client.channel.ClientChannelEvent;
import org.jspecify.annotations.Nullable;

/**
 * A host over SSH. One connection is kept and used again; a broken one is opened anew at the next
 * command. The server has to show a key that the spec names.
 */
final class SshHost extends ShellHost implements AutoCloseable {
  private static final Duration TIMEOUT = Duration.ofSeconds(30);
  private static final int MOST_OUTPUT = 4 << 20;

  private final HostSpec spec;
  private final SshConnection connection;

  SshHost(HostSpec spec, SshConnection connection) {
    this.spec = spec;
    this.connection = connection;
  }

  @Override
  public String name() {
    return spec.address();
  }

  @Override
  public Output run(List<String> argv, byte[] stdin) {
    List<String> words =
        spec.sudo() ? Stream.concat(Stream.of("sudo", "-n", "--"), argv.stream()).toList() : argv;
    Bounded out = new Bounded();
    Bounded err = new Bounded();
    try (ChannelExec channel = channel(ShellWords.join(words))) {
      channel.setIn(new ByteArrayInputStream(stdin));
      channel.setOut(out);
      channel.setErr(err);
      channel.open().verify(TIMEOUT);
      Set<ClientChannelEvent> events =
          channel.waitFor(EnumSet.of(ClientChannelEvent.CLOSED), TIMEOUT);
      @Nullable Integer exit = channel.getExitStatus();
      if (exit == null) {
        connection.drop();
        throw lost(
            events.contains(ClientChannelEvent.TIMEOUT)
                ? "a command did not end within " + TIMEOUT.toSeconds() + " s"
                : channel.getExitSignal() != null
                    ? "a command was killed"
                    : "the connection broke");
      }
      return new Output(exit, out.toByteArray(), tail(err.toByteArray()));
    } catch (IOException | IllegalStateException e) {
      connection.drop();
      throw lost("the connection broke");
    }
  }

  /** Nothing is sent yet: a connection that turns out to be closed is simply opened anew. */
  private ChannelExec channel(String command) throws IOException {
    try {
      return connection.open().createExecChannel(command);
    } catch (IOException | IllegalStateException e) {
      connection.drop();
      return connection.open().createExecChannel(command);
    }
  }

  private RotationException lost(String why) {
    return new RotationException(
        ConditionReason.HOST_UNREACHABLE,
        Recovery.RETRY,
        "No answer from " + name() + ": " + why + ". What was asked may have happened.");
  }

  @Override
  public void close() {
    connection.close();
  }

  /** Keeps a bounded part and swallows the rest. */
  private static final class Bounded extends OutputStream {
    private final ByteArrayOutputStream kept = new ByteArrayOutputStream();

    @Override
    public synchronized void write(int b) {
      if (kept.size() < MOST_OUTPUT) {
        kept.write(b);
      }
    }

    @Override
    public synchronized void write(byte[] bytes, int offset, int length) {
      if (kept.size() < MOST_OUTPUT) {
        kept.write(bytes, offset, length);
      }
    }

    synchronized byte[] toByteArray() {
      return kept.toByteArray();
    }
  }
}
