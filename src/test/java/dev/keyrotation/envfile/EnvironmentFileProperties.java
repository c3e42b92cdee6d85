package dev.keyrotation.envfile;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/** What holds for every file, also for one that is no environment file at all. */
class EnvironmentFileProperties {

  @Property(tries = 500)
  void anyBytesAreKept(@ForAll byte[] bytes) {
    assertThat(EnvironmentFile.of(bytes).bytes()).isEqualTo(bytes);
  }

  @Property(tries = 1000)
  void valueInAnyTextIsReadAsItWasWritten(@ForAll("values") String value) {
    String latin1 = new String(value.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);

    for (String quotes : new String[] {"", "\"x\"", "'x'"}) {
      byte[] written =
          ("A=1\nK=" + Quoting.like(quotes, latin1) + "\nB=2\n")
              .getBytes(StandardCharsets.ISO_8859_1);
      for (Reader reader : Reader.values()) {
        assertThat(EnvironmentFile.of(written).lookup("K", reader))
            .isInstanceOfSatisfying(
                Lookup.Value.class, found -> assertThat(found.value()).isEqualTo(latin1));
      }
    }
  }

  @Provide
  Arbitrary<String> values() {
    return Arbitraries.strings()
        .withCharRange(' ', '~')
        .withChars('\n', '\t', '\u00fc', '\u20ac')
        .ofMaxLength(24);
  }

  @Property(tries = 1000)
  void exchangeTouchesNothingElse(@ForAll("files") String text) {
    EnvironmentFile file = EnvironmentFile.of(text.getBytes(StandardCharsets.ISO_8859_1));
    for (Reader reader : Reader.values()) {
      if (file.lookup("K", reader) instanceof Lookup.Value old) {
        EnvironmentFile changed = file.with("K", "sk-new", reader);

        assertThat(changed.lookup("K", reader))
            .isInstanceOfSatisfying(
                Lookup.Value.class, now -> assertThat(now.value()).isEqualTo("sk-new"));
        assertThat(changed.with("K", old.value(), reader).lookup("K", reader))
            .isInstanceOfSatisfying(
                Lookup.Value.class, now -> assertThat(now.value()).isEqualTo(old.value()));
      }
    }
  }

  @Provide
  Arbitrary<String> files() {
    Arbitrary<String> line =
        Arbitraries.of(
            "K=old",
            "export K=old",
            "K='old one'",
            "K=\"old\" # c",
            "  K=old",
            "A=1",
            "# K=no",
            "",
            "export A B",
            "A='x\ny'",
            "if true; then",
            "fi",
            "K=$A",
            "K=o\\\nld",
            "A=1; K=old");
    return Combinators.combine(line.list().ofMaxSize(6), Arbitraries.of("\n", "\r\n"))
        .as((lines, end) -> String.join(end, lines));
  }
}
