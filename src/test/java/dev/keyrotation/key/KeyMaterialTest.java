package dev.keyrotation.key;

import static org.assertj.core.api.Assertions.assertThat;

import java.security.SecureRandom;
import org.junit.jupiter.api.Test;

class KeyMaterialTest {
  private static final KeyMaterial KEY = KeyMaterial.of("sk-rotator-test-master");

  @Test
  void generatedKeyIsABearerOf32RandomBytes() {
    KeyMaterial one = KeyMaterial.generate(new SecureRandom());

    assertThat(one.reveal()).matches("sk-[A-Za-z0-9_-]{43}");
    assertThat(one).isNotEqualTo(KeyMaterial.generate(new SecureRandom()));
  }

  @Test
  void keyPrintsNothingOfItself() {
    String printed =
        KEY + " " + new KeySet(KEY, KeyMaterial.of("sk-salt")) + " " + "%s".formatted(KEY);

    assertThat(printed).doesNotContain("rotator", "sk-");
  }

  @Test
  void tokenHashIsTheOneThatLiteLlmStores() {
    assertThat(KEY.tokenHash())
        .isEqualTo("7c3e1e3439adea2db9fb820f7472a3d2602f6a86c38d0202554f3a4dc9dd5bf3");
  }

  @Test
  void fingerprintIsNoPartOfTheTokenHash() {
    assertThat(KEY.fingerprint()).hasSize(12);
    assertThat(KEY.tokenHash()).doesNotContain(KEY.fingerprint());
  }
}
