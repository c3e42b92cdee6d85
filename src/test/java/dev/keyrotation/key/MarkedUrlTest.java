package dev.keyrotation.key;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class MarkedUrlTest {
  private static final String MARK = "keyrotation-r2-1c0ffee5";

  @ParameterizedTest
  @CsvSource({
    "postgresql://u:p@h/d, postgresql://u:p@h/d?application_name=MARK",
    "postgresql://u:p@h/d?, postgresql://u:p@h/d?application_name=MARK",
    "postgresql://u:p%3F@h:1/d?schema=s, postgresql://u:p%3F@h:1/d?schema=s&application_name=MARK",
    "postgresql://u:p@h/d?a=1&, postgresql://u:p@h/d?a=1&application_name=MARK",
    "postgresql://u:p@h/d?application_name=keyrotation-r1-0,"
        + " postgresql://u:p@h/d?application_name=MARK",
    "postgresql://u:p@h/d?application_name=keyrotation-r1-back-0&b=%20+,"
        + " postgresql://u:p@h/d?application_name=MARK&b=%20+",
    "postgresql://u:p@h/d?a=1&application_name=keyrotation-r1-0&b,"
        + " postgresql://u:p@h/d?a=1&application_name=MARK&b",
    "postgresql://u:p@h/d?my_application_name=x,"
        + " postgresql://u:p@h/d?my_application_name=x&application_name=MARK"
  })
  void marksTheUrlAndLeavesEveryOtherByteAlone(String url, String marked) {
    String expected = marked.replace("MARK", MARK);

    assertThat(MarkedUrl.of(url).obstacle()).isNull();
    assertThat(MarkedUrl.of(url).with(MARK)).isEqualTo(expected);
    assertThat(MarkedUrl.of(url + "\n").with(MARK)).isEqualTo(expected + "\n");
    assertThat(MarkedUrl.of(expected).mark()).isEqualTo(MARK);
    assertThat(MarkedUrl.of(expected + " \n").mark()).isEqualTo(MARK);
    assertThat(MarkedUrl.of(expected).with(MARK)).isEqualTo(expected);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "postgresql://u:p@h/d?application_name=litellm",
        "postgresql://u:p@h/d?application_name=",
        "postgresql://u:p@h/d?application_name=keyrotation-r1-0&application_name=mine",
        "postgresql://u:p@h/d?a=1#b",
        "host=h dbname=d",
        " "
      })
  void refusesWhatWouldTakeAWordOfTheUsersAwayOrIsNoUrl(String url) {
    assertThat(MarkedUrl.of(url).obstacle()).isNotNull().doesNotContain("u:p");
  }

  @Test
  void userOwnNameIsNoMark() {
    assertThat(MarkedUrl.of("postgresql://u:p@h/d?application_name=litellm").mark()).isNull();
    assertThat(MarkedUrl.of("postgresql://u:canary@h/d").toString()).doesNotContain("canary");
  }
}
