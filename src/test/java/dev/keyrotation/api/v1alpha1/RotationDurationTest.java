package dev.keyrotation.api.v1alpha1;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RotationDurationTest {
  @ParameterizedTest
  @CsvSource({"0,PT0S", "90s,PT1M30S", "1h30m,PT1H30M", "30d,PT720H", "1d1s,PT24H1S"})
  void durationIsTheSumOfItsParts(String text, Duration expected) {
    assertThat(RotationDuration.parse(text)).isEqualTo(expected);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "10", "10 m", "-5m", "1.5h", "m", "10ms", "1w"})
  void anythingElseIsRefusedWithAnExample(String text) {
    assertThatThrownBy(() -> RotationDuration.parse(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("write for example 90s");
  }

  @Test
  void rotationStampNamesRotationAndDirection() {
    RotationStatus rotation =
        RotationStatusBuilder.builder().id("litellm-r4").direction(Direction.ROLL_BACK).build();

    assertThat(rotation.stamp()).isEqualTo("litellm-r4/RollBack");
  }
}
