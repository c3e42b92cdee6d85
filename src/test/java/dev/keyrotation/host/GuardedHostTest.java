package dev.keyrotation.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.keyrotation.api.v1alpha1.Epoch;
import dev.keyrotation.failure.SupersededException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Who has been relieved changes nothing on a host any more. */
class GuardedHostTest {
  private static final byte[] NEW = "K=new\n".getBytes(StandardCharsets.UTF_8);

  @TempDir Path directory;
  private final LocalHost host = new LocalHost(Duration.ofSeconds(20));
  private Path file;

  @BeforeEach
  void write() throws IOException {
    file = Files.writeString(directory.resolve("keys.env"), "K=old\n");
  }

  private Path link() {
    return directory.resolve("a dir/.keys.env.keyrotation-epoch");
  }

  private EpochMark mark(@Nullable Epoch epoch) {
    return new EpochMark("keys.env", link().toString(), epoch);
  }

  private EpochMark mark(long number, String holder) {
    return mark(new Epoch(number, holder));
  }

  private void replaceUnder(EpochMark mark) {
    host.under(mark).replace(host.stat(file.toString()).orElseThrow(), NEW);
  }

  @Test
  void holderOfTheMarkReplacesTheFile() throws IOException {
    host.claim(mark(3, "us"));
    host.claim(mark(3, "us"));

    replaceUnder(mark(3, "us"));

    assertThat(file).hasBinaryContent(NEW);
    assertThat(Files.readSymbolicLink(link())).hasToString("3/us");
    assertThat(host.list(link().getParent().toString())).hasSize(1);
  }

  @Test
  void whoeverWasRelievedChangesNothing() {
    host.claim(mark(3, "us"));
    host.claim(mark(12, "others"));
    Host late = host.under(mark(3, "us"));
    FileStat stat = host.stat(file.toString()).orElseThrow();

    assertThatThrownBy(() -> late.replace(stat, NEW))
        .isInstanceOfSatisfying(
            SupersededException.class, e -> assertThat(e.found()).isEqualTo(12));
    assertThatThrownBy(() -> late.create(directory + "/copy", NEW, stat))
        .isInstanceOf(SupersededException.class);
    assertThatThrownBy(() -> late.put(directory + "/drop-in", NEW, "644"))
        .isInstanceOf(SupersededException.class);
    assertThatThrownBy(() -> late.remove(file.toString())).isInstanceOf(SupersededException.class);
    assertThatThrownBy(
            () -> late.script("x", "ours; rm -- \"$1\"", List.of(file.toString()), new byte[0]))
        .isInstanceOf(SupersededException.class);
    assertThat(file).hasContent("K=old");
    assertThat(host.list(directory.toString())).containsExactly("a dir", "keys.env");
  }

  @Test
  void markThatSomebodyRemovedIsMissed() throws IOException {
    host.claim(mark(3, "us"));
    Files.delete(link());

    assertThatThrownBy(() -> replaceUnder(mark(3, "us")))
        .isInstanceOfSatisfying(SupersededException.class, e -> assertThat(e.found()).isZero());
    assertThat(file).hasContent("K=old");
  }

  @Test
  void withoutAnEpochNothingMayBeMarked() {
    replaceUnder(mark(null));
    assertThat(file).hasBinaryContent(NEW);

    host.claim(mark(1, "others"));

    assertThatThrownBy(() -> replaceUnder(mark(null))).isInstanceOf(SupersededException.class);
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 9, 10})
  void noOlderAndNoEqualMarkIsPutOverAnother(long number) throws IOException {
    host.claim(mark(10, "others"));

    assertThatThrownBy(() -> host.claim(mark(number, "us")))
        .isInstanceOfSatisfying(
            SupersededException.class, e -> assertThat(e.found()).isEqualTo(10));
    assertThat(Files.readSymbolicLink(link())).hasToString("10/others");
  }

  @Test
  void changeUnderWayEndsBeforeSomebodyElseMarks() throws Exception {
    host.claim(mark(1, "us"));
    Path begun = directory.resolve("begun");
    Path go = directory.resolve("go");
    String slow = "ours; : >\"$1\"; until [ -e \"$2\" ]; do sleep 0.05; done; rm -f -- \"$3\"";
    Thread change =
        Thread.startVirtualThread(
            () ->
                host.under(mark(1, "us"))
                    .script(
                        "x",
                        slow,
                        List.of(begun.toString(), go.toString(), file.toString()),
                        new byte[0]));
    org.awaitility.Awaitility.await().until(() -> Files.exists(begun));
    Thread claim = Thread.startVirtualThread(() -> host.claim(mark(2, "others")));

    assertThat(claim.join(Duration.ofMillis(300))).isFalse();
    assertThat(Files.readSymbolicLink(link())).hasToString("1/us");
    Files.createFile(go);
    change.join();
    claim.join();

    assertThat(file).doesNotExist();
    assertThat(Files.readSymbolicLink(link())).hasToString("2/others");
  }
}
