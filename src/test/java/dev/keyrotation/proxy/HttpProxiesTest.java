package dev.keyrotation.proxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.keyrotation.api.v1alpha1.CaSource;
import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.api.v1alpha1.KeyKind;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.KeyRotationSpecBuilder;
import dev.keyrotation.api.v1alpha1.ProxySpec;
import dev.keyrotation.api.v1alpha1.SystemdUnitTarget;
import dev.keyrotation.api.v1alpha1.TlsSpec;
import dev.keyrotation.api.v1alpha1.WorkloadSpec;
import dev.keyrotation.failure.RotationException;
import dev.keyrotation.key.KeyMaterial;
import dev.keyrotation.proxy.ProxyApi.KeyAnswer;
import dev.keyrotation.tls.TestAuthority;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A pod is asked by its address, and its certificate is for a name. */
class HttpProxiesTest {
  private static final KeyMaterial KEY = KeyMaterial.of("sk-canary-7f3a");
  private static final TestAuthority AUTHORITY = new TestAuthority("the right one");
  private static final String NAME = "litellm.ai.svc";

  private @Nullable FakeInstance instance;
  private String trusted = AUTHORITY.pem();
  private final HttpProxies proxies = new HttpProxies((owner, source, field) -> trusted);

  @AfterEach
  void close() {
    if (instance != null) {
      instance.close();
    }
  }

  private FakeInstance serve(TestAuthority.@Nullable Server certificate) {
    FakeInstance serving = new FakeInstance(certificate == null ? null : certificate.context());
    serving.answer("/health/readiness", FakeInstance.CONNECTED).answer("/key/list", 200);
    instance = serving;
    return serving;
  }

  private static KeyRotation rotation(TlsSpec tls) {
    KeyRotation rotation = new KeyRotation();
    rotation.setSpec(
        KeyRotationSpecBuilder.builder()
            .keys(List.of(KeyKind.MASTER))
            .workloads(List.of(WorkloadSpec.ofUnit(SystemdUnitTarget.local("l.service", "/l.env"))))
            .proxy(new ProxySpec(tls))
            .build());
    return rotation;
  }

  private static TlsSpec named(String name) {
    return new TlsSpec(null, CaSource.ofSecret("litellm-tls", "ca.crt"), name);
  }

  private KeyAnswer ask(FakeInstance asked, TlsSpec tls) {
    return proxies.of(rotation(tls)).ask(asked.url(), KEY);
  }

  private void distrusts(TestAuthority.Server certificate, TlsSpec tls, String why) {
    FakeInstance asked = serve(certificate);

    KeyAnswer answer = ask(asked, tls);

    assertThat(answer)
        .isInstanceOfSatisfying(
            KeyAnswer.Unclear.class, unclear -> assertThat(unclear.why()).startsWith(why));
    assertThat(asked.requests()).isEmpty();
    assertThatThrownBy(() -> proxies.isReady(rotation(tls), asked.url()))
        .isInstanceOfSatisfying(
            RotationException.class,
            e -> assertThat(e.reason()).isEqualTo(ConditionReason.TLS_FAILED));
  }

  @Test
  void comparesTheCertificateOfAnAddressWithTheNameOfTheSpec() {
    assertThat(ask(serve(AUTHORITY.server(NAME)), named(NAME))).isEqualTo(new KeyAnswer.Accepted());
  }

  @Test
  void sendsNothingToServerWithAnotherName() {
    distrusts(
        AUTHORITY.server(NAME),
        named("elsewhere.ai.svc"),
        "shows a certificate that is not for the name elsewhere.ai.svc");
  }

  @Test
  void sendsNothingToServerOfUnnamedAddress() {
    distrusts(
        AUTHORITY.server(NAME),
        TlsSpec.verifiedBy(CaSource.ofConfigMap("ca", "ca.crt")),
        "shows a certificate that is not for the name 127.0.0.1");
  }

  @Test
  void sendsNothingToServerOfAnotherAuthority() {
    distrusts(
        new TestAuthority("another one").server(NAME),
        named(NAME),
        "shows a certificate of an authority that is not trusted here");
  }

  @Test
  void sendsNothingToServerWhoseCertificateHasExpired() {
    distrusts(
        AUTHORITY.expiredServer(NAME), named(NAME), "shows a certificate that is not valid now");
  }

  @Test
  void trustsTheNewAuthorityAsSoonAsItIsThere() {
    TestAuthority next = new TestAuthority("the next one");
    FakeInstance asked = serve(next.server(NAME));
    assertThat(ask(asked, named(NAME))).isInstanceOf(KeyAnswer.Unclear.class);

    trusted = next.pem();

    assertThat(ask(asked, named(NAME))).isEqualTo(new KeyAnswer.Accepted());
  }

  @Test
  void saysWhatToDoWhenThePodServesPlainHttp() throws IOException {
    try (ServerSocket plain = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      Thread.ofVirtual().start(() -> answerBadRequest(plain));
      URI asked = URI.create("https://127.0.0.1:" + plain.getLocalPort());

      KeyAnswer answer = proxies.of(rotation(named(NAME))).ask(asked, KEY);

      assertThat(answer.toString())
          .contains("does not speak TLS as expected")
          .contains("spec.proxy.tls.mode: Disabled");
    }
  }

  /** As uvicorn does, which is LiteLLM's server. */
  private static void answerBadRequest(ServerSocket server) {
    try (Socket socket = server.accept()) {
      socket.getInputStream().read(new byte[4096]);
      socket
          .getOutputStream()
          .write("HTTP/1.1 400 Bad Request\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
      socket.getInputStream().read(new byte[4096]);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void sendsNoKeyInClearToAnotherHost() {
    Transport careful =
        new Transport(dev.keyrotation.tls.Authorities.context(null, ""), null, false);

    assertThat(careful.mayCarryKeyTo(URI.create("http://10.0.0.5:4000"))).isFalse();
    assertThat(careful.mayCarryKeyTo(URI.create("http://litellm.example.com"))).isFalse();
    assertThat(careful.mayCarryKeyTo(URI.create("https://10.0.0.5:4000"))).isTrue();
    assertThat(careful.mayCarryKeyTo(URI.create("http://127.0.0.1:4000"))).isTrue();
    assertThat(careful.mayCarryKeyTo(URI.create("http://[::1]:4000"))).isTrue();
  }
}
