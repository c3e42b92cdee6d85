package dev.keyrotation.envfile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class EnvironmentFileTest {
  @TempDir Path directory;

  private static EnvironmentFile file(String text) {
    return EnvironmentFile.of(text.getBytes(StandardCharsets.UTF_8));
  }

  private static String text(EnvironmentFile file) {
    return new String(file.bytes(), StandardCharsets.UTF_8);
  }

  private static String value(String text, Reader reader) {
    return file(text).lookup("K", reader) instanceof Lookup.Value found
        ? found.value()
        : file(text).lookup("K", reader).getClass().getSimpleName();
  }

  static List<Arguments> systemdFiles() {
    return List.of(
        arguments("K=v", "v"),
        arguments("  K = v  ", "v"),
        arguments("K=a b", "a b"),
        arguments("K=\"a b\"", "a b"),
        arguments("K='a b'", "a b"),
        arguments("K=\"a\"b", "ab"),
        arguments("K=\"a\\$b\\\"c\"", "a$b\"c"),
        arguments("K=\"a\\nb\"", "a\\nb"),
        arguments("K=a\\ b", "a b"),
        arguments("K=a\\\nb", "ab"),
        arguments("K=\"a\\\nb\"", "ab"),
        arguments("K=$HOME", "$HOME"),
        arguments("K='a\nb'", "a\nb"),
        arguments("K=v # c", "v # c"),
        arguments("K=\"v\" # c", "v# c"),
        arguments(";K=no\nK=v", "v"),
        arguments("#K=no\nK=v", "v"),
        arguments("export K=v", "Absent"),
        arguments("K=1\nK=2", "2"),
        arguments("K=v\r\nX=1", "v"),
        arguments("K=", ""));
  }

  /** The rules of systemd.exec(5) and its env-file.c. */
  @ParameterizedTest
  @MethodSource("systemdFiles")
  void systemdReadsByItsOwnRules(String text, String expected) {
    assertThat(value(text, Reader.SYSTEMD)).isEqualTo(expected);
  }

  static List<String> shellFiles() {
    return List.of(
        "K=v",
        "export K=v",
        "export K=\"v w\" # comment",
        "K='a b'",
        "K=\"a\\$b\\\"c\\\\d\"",
        "K=\"a\\nb\"",
        "K=a\\ b",
        "K=a\\\nb",
        "K=\"a\\\nb\"",
        "K='a\nb'",
        "K=1\nK=2",
        "K=1\nexport K=2\n",
        "A=1 K=v",
        "K=v; A=1",
        "  K=v  ",
        "\tK=v\n",
        "# K=no\nK=v",
        "K=a#b",
        "K=a'b'\"c\"d",
        "K=\"it's\"",
        "K='say \"x\"'",
        "K=a$",
        "K=\"a$\"",
        "export K\nK=v",
        "export A=1 K=v B=2",
        "K=",
        "K=\"\"",
        "K=a=b",
        "K=v\nset -a\n",
        "K=\u00fc\u20ac",
        "K=x:y,z@%+./-_");
  }

  @ParameterizedTest
  @MethodSource("shellFiles")
  void shellReadsWhatARealShellDoes(String text) throws Exception {
    String byUs = value(text, Reader.SHELL);

    for (String shell : List.of("sh", "bash")) {
      assertThat(new String(byUs.getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8))
          .as(shell)
          .isEqualTo(sourced(shell, text));
    }
  }

  /** What a real shell has in K after it sourced the file. */
  private String sourced(String shell, String text) throws IOException, InterruptedException {
    Path file = Files.writeString(directory.resolve("keys.env"), text);
    Process process =
        new ProcessBuilder(shell, "-c", ". \"$1\"; printf %s \"$K\"", shell, file.toString())
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    process.getOutputStream().close();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    process.waitFor();
    return out;
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"K=$HOME", "K=`id`", "K=\"$(id)\"", "K=~/x", "K=$'a'", "K=\"${A}\"", "K=a:~/b"})
  void valueThatAShellComputesIsUnclear(String text) {
    assertThat(file(text).lookup("K", Reader.SHELL)).isInstanceOf(Lookup.Unclear.class);
  }

  @ParameterizedTest
  @ValueSource(strings = {"K=v command", "K=v # c", "export K=2\nK=1\nexport K=3"})
  void readersThatDifferAreADispute(String text) {
    Lookup lookup = file(text).lookup("K", Reader.EITHER);

    assertThat(lookup)
        .satisfiesAnyOf(
            found -> assertThat(found).isInstanceOf(Lookup.Disputed.class),
            found -> assertThat(((Lookup.Value) found).shell()).isFalse());
  }

  @Test
  void carriageReturnsBelongToNoValueAndStay() {
    EnvironmentFile file = file("A=1\r\nK=\"old\"\r\nB=2\r\n");

    EnvironmentFile changed = file.with("K", "sk-new", Reader.EITHER);

    assertThat(text(changed)).isEqualTo("A=1\r\nK=\"sk-new\"\r\nB=2\r\n");
  }

  @Test
  void everyDuplicateWithTheOldKeyIsReplacedAndOthersStay() {
    EnvironmentFile file = file("K=old\nK='other'\nexport K=\"old\" # mine\n");

    EnvironmentFile changed = file.with("K", "sk-new", Reader.SHELL);

    assertThat(text(changed)).isEqualTo("K=sk-new\nK='other'\nexport K=\"sk-new\" # mine\n");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"export M=1\n", "export M=1", "M=1\r\n", "M=1\r\nA=2", "# only\n", "", "M=1\n\n"})
  void variableThatIsAddedCanBeRemovedWithoutATrace(String text) {
    EnvironmentFile file = file(text);

    EnvironmentFile added = file.with("K", "sk-new", Reader.EITHER);

    assertThat(added.lookup("K", Reader.EITHER)).isInstanceOf(Lookup.Value.class);
    assertThat(added.without("K", Reader.EITHER)).isEqualTo(file);
  }

  @Test
  void lineThatHoldsMoreIsNotRemoved() {
    assertThat(file("A=1 K=v\n").without("K", Reader.SHELL)).isNull();
  }

  @Test
  void commentThatEndsInABackslashIsUnclearOnlyForSystemd() {
    EnvironmentFile file = file("# path C:\\\nK=v\n");

    assertThat(file.lookup("K", Reader.SYSTEMD)).isInstanceOf(Lookup.Unclear.class);
    assertThat(file.lookup("K", Reader.SHELL)).isInstanceOf(Lookup.Value.class);
  }

  @Test
  void copiesOfAValueAreFoundInVariablesAndComments() {
    EnvironmentFile file = file("K=sk-canary-1\nCOPY=sk-canary-1\n# was sk-canary-1\n");

    assertThat(file.holders("sk-canary-1", Set.of("K"))).containsExactly("COPY");
    assertThat(file.commentsWith("sk-canary-1")).containsExactly(3);
    assertThat(file.toString() + file.lookup("K", Reader.EITHER)).doesNotContain("canary");
  }

  /** Files of many lines, each in one of the forms that people write: few enough to try all. */
  @Test
  void anyMixOfFormsGoesThereAndBackWithEveryOtherByteKept() {
    Map<String, String> forms = new LinkedHashMap<>();
    forms.put("K=%s", "plain");
    forms.put("export K=%s", "exported");
    forms.put("  K=\"%s\"  ", "quoted");
    forms.put("export K='%s' # comment", "single");
    List<String> others = List.of("", "# c", "A=1", "export B=\"x y\"", "C='#'", "\tD=2");
    for (String form : forms.keySet()) {
      for (String before : others) {
        for (String after : others) {
          for (String end : List.of("\n", "", "\r\n")) {
            String eol = end.isEmpty() ? "\n" : end;
            String text = before + eol + form.formatted("sk-old") + eol + after + end;
            EnvironmentFile file = file(text);
            for (Reader reader : readers(file)) {
              EnvironmentFile changed = file.with("K", "sk-new", reader);
              assertThat(text(changed)).isEqualTo(text.replace("sk-old", "sk-new"));
              assertThat(changed.with("K", "sk-old", reader)).isEqualTo(file);
            }
          }
        }
      }
    }
  }

  private static List<Reader> readers(EnvironmentFile file) {
    List<Reader> readers = new ArrayList<>(List.of(Reader.values()));
    return readers.stream()
        .filter(reader -> file.lookup("K", reader) instanceof Lookup.Value)
        .filter(
            reader ->
                file.lookup("K", reader) instanceof Lookup.Value v && v.value().equals("sk-old"))
        .collect(Collectors.toList());
  }
}
