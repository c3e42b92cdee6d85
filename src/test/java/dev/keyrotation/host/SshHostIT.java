package dev.keyrotation.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.api.v1alpha1.HostSpec;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.PrivateKeySource;
import dev.keyrotation.api.v1alpha1.SecretKeyRef;
import dev.keyrotation.api.v1alpha1.SystemdUnitTarget;
import dev.keyrotation.failure.Recovery;
import dev.keyrotation.failure.RotationException;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Against a real sshd. */
@Tag("host")
class SshHostIT {
  private static final byte[] SECRET =
      "K='sk-canary \u00fc'\n\0\r\n".getBytes(StandardCharsets.UTF_8);

  @TempDir static Path serverDirectory;
  private static SshServer server;

  @TempDir Path directory;
  private HostConnections connections = HostConnections.ofCommand(null);

  @BeforeAll
  static void start() throws IOException {
    server = SshServer.start(serverDirectory);
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  @AfterEach
  void close() {
    connections.close();
  }

  private static KeyRotation owner() {
    KeyRotation rotation = new KeyRotation();
    rotation.setMetadata(new ObjectMetaBuilder().withName("litellm").withNamespace("ai").build());
    return rotation;
  }

  private Host host(HostSpec spec) {
    return connections.of(
        owner(), SystemdUnitTarget.local("litellm.service", "/etc/litellm.env").withHost(spec));
  }

  private void assertRefused(HostSpec spec, ConditionReason reason, Recovery recovery) {
    assertThatThrownBy(() -> host(spec).run(List.of("true"), new byte[0]))
        .isInstanceOfSatisfying(
            RotationException.class,
            e -> {
              assertThat(e.reason()).as(e.sentence()).isEqualTo(reason);
              assertThat(e.recovery()).isEqualTo(recovery);
              assertThat(e.sentence()).doesNotContain("canary", "PRIVATE");
            });
  }

  @Test
  void argumentsAndInputArriveAsTheyAre() throws IOException {
    List<String> words = List.of("a b", "", "it's", "$HOME `id` \"x\" \\ ; & | * ~", "\u00fc\n2");

    Output output =
        host(server.spec())
            .script("try", "for a; do printf '<%s>' \"$a\"; done; cat", words, SECRET);

    assertThat(output.text())
        .isEqualTo(
            String.join("", words.stream().map(word -> "<" + word + ">").toList())
                + new String(SECRET, StandardCharsets.UTF_8));
  }

  @Test
  void filesAreReplacedOverSsh() throws IOException {
    Path file = Files.writeString(directory.resolve("litellm.env"), "K=old\n");
    Host host = host(server.spec());

    host.replace(host.stat(file.toString()).orElseThrow(), SECRET);

    assertThat(file).hasBinaryContent(SECRET);
    assertThat(host.read(file.toString())).contains(SECRET);
    assertThat(host.list(directory.toString())).containsExactly("litellm.env");
  }

  @Test
  void exitCodeIsTold() throws IOException {
    assertThat(host(server.spec()).run(List.of("sh", "-c", "exit 42"), new byte[0]).exit())
        .isEqualTo(42);
  }

  @Test
  void connectionIsUsedAgainAndABrokenOneOpenedAnew() throws IOException {
    Host host = host(server.spec());
    String first = host.script("ask", "echo $PPID", List.of(), new byte[0]).text();
    assertThat(host.script("ask", "echo $PPID", List.of(), new byte[0]).text()).isEqualTo(first);

    server.cutConnections();

    String again = text(host);
    assertThat(again == null ? text(host) : again).isNotNull().isNotEqualTo(first);
  }

  /** Null when the cut was only noticed by this command. */
  private static @Nullable String text(Host host) {
    try {
      return host.script("ask", "echo $PPID", List.of(), new byte[0]).text();
    } catch (RotationException e) {
      assertThat(e.reason()).isEqualTo(ConditionReason.HOST_UNREACHABLE);
      return null;
    }
  }

  @Test
  void answerThatIsLostIsUnknown() throws IOException {
    Host host = host(server.spec());

    assertThatThrownBy(() -> host.script("end", "kill -9 $PPID; sleep 20", List.of(), new byte[0]))
        .isInstanceOfSatisfying(
            RotationException.class,
            e -> {
              assertThat(e.reason()).isEqualTo(ConditionReason.HOST_UNREACHABLE);
              assertThat(e.recovery()).isEqualTo(Recovery.RETRY);
            });
  }

  @Test
  void hostWithAnotherKeyIsRefused() throws IOException {
    HostSpec other = server.spec().withHostKeys(List.of(server.publicKey("other_key")));

    assertRefused(other, ConditionReason.HOST_KEY_MISMATCH, Recovery.HALT);
  }

  @Test
  void anyOfSeveralPinnedKeysIsEnough() throws IOException {
    HostSpec both =
        server
            .spec()
            .withHostKeys(
                List.of(server.publicKey("other_key"), server.publicKey("second_host_key")));

    assertThat(host(both).run(List.of("true"), new byte[0]).ok()).isTrue();
  }

  @Test
  void lineThatIsNoHostKeyIsSaid() throws IOException {
    assertRefused(
        server.spec().withHostKeys(List.of("ssh-ed25519 nonsense")),
        ConditionReason.INVALID_SPEC,
        Recovery.HALT);
  }

  @Test
  void strangerIsDenied() throws IOException {
    assertRefused(
        server.spec().withPrivateKeyFile(server.file("stranger_key").toString()),
        ConditionReason.HOST_ACCESS_DENIED,
        Recovery.HALT);
  }

  @Test
  void fileThatIsNoPrivateKeyIsDenied() throws IOException {
    assertRefused(
        server.spec().withPrivateKeyFile(server.file("host_key.pub").toString()),
        ConditionReason.HOST_ACCESS_DENIED,
        Recovery.HALT);
  }

  @Test
  void hostThatDoesNotAnswerIsUnreachable() throws IOException {
    assertRefused(server.spec().withPort(1), ConditionReason.HOST_UNREACHABLE, Recovery.RETRY);
  }

  @Test
  void keyFromASecretLogsIn() throws IOException {
    String key = Files.readString(server.file("client_key"));
    connections = HostConnections.inCluster((owner, entry) -> key);
    HostSpec spec =
        server
            .spec()
            .with()
            .privateKeyFile(null)
            .privateKeyFrom(new PrivateKeySource(new SecretKeyRef("ssh", "id")))
            .build();

    assertThat(host(spec).run(List.of("true"), new byte[0]).ok()).isTrue();
  }

  @Test
  void keyOfAnAgentLogsIn() throws Exception {
    Path socket = Path.of("/tmp").resolve("keyrotation-agent-" + ProcessHandle.current().pid());
    Process agent = new ProcessBuilder("ssh-agent", "-D", "-a", socket.toString()).start();
    try {
      org.awaitility.Awaitility.await().until(() -> Files.exists(socket));
      ProcessBuilder add = new ProcessBuilder("ssh-add", server.file("client_key").toString());
      add.environment().put("SSH_AUTH_SOCK", socket.toString());
      assertThat(add.start().waitFor()).isZero();
      connections = HostConnections.ofCommand(socket.toString());

      HostSpec spec = server.spec().with().privateKeyFile(null).agent(true).build();

      assertThat(host(spec).run(List.of("true"), new byte[0]).ok()).isTrue();
    } finally {
      agent.destroy();
      Files.deleteIfExists(socket);
    }
  }
}
