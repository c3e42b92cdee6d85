package dev.keyrotation.cipher;

import static org.assertj.core.api.Assertions.assertThat;

import dev.keyrotation.key.KeyMaterial;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What may stand beside ciphertext without stopping a rotation, and what may not. */
class SealedLookTest {
  private final ValueReader reader =
      new ValueReader(new EncryptionKey(KeyMaterial.of("sk-the-key-at-hand")));

  @ParameterizedTest
  @ValueSource(
      strings = {
        "gpt-4o",
        "azure/my-deployment-with-a-rather-long-name-for-the-eu-west-region-2024-08-06",
        "https://my-resource.openai.azure.com/openai/deployments/gpt-4o/chat/completions",
        "os.environ/AZURE_API_KEY_FOR_THE_SECOND_SUBSCRIPTION_IN_SWEDEN",
        "9b2d9e0c-9d5e-4b8e-8d59-0d8cf9b0c6a1",
        "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881",
        "2D711642B726B04401627CA9FBAC32F5C8530FB1903CC4DB02258717921A4881",
        "sk-proj-0aB1cD2eF3gH4iJ5kL6mN7oP8qR9sT0uV1wX2yZ3aB4cD5eF6gH7iJ8kL9mN0oP1",
        "sk-ant-api03-0aB1cD2eF3gH4iJ5kL6mN7oP8qR9sT0uV1wX2yZ3aB4cD5eF6gH7iJ8kL9mN0oP1qR2sT3uV4wAA",
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIn0K",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "The quick brown fox jumps over the lazy dog and then it sleeps until tomorrow.",
        "-----BEGIN CERTIFICATE-----\nMIIBszCCAVmgAwIBAgIUQ2hlY2sgdGhpcyBvdXQsIHdpbGwgeW91MAoG\n-----END",
        "v2:gcm: is the mark of the second format",
        "v1:latest",
        "litellm_enc::",
      })
  void ordinaryTextIsPlaintext(String text) {
    assertThat(reader.read(text)).isIn(new Reading.Plaintext(), new Reading.Empty());
  }

  @Test
  void textInBase64IsPlaintext() {
    String text =
        Base64.getEncoder()
            .encodeToString(
                "{\"type\": \"service_account\", \"project_id\": \"Grüße\"}"
                    .getBytes(StandardCharsets.UTF_8));

    assertThat(reader.read(text)).isEqualTo(new Reading.Plaintext());
  }

  @Test
  void aCertificateWithoutPemLinesIsPlaintext() {
    byte[] der = new byte[600];
    new Random(7).nextBytes(der);
    der[0] = 0x30;
    der[1] = (byte) 0x82;
    der[2] = (byte) (596 >> 8);
    der[3] = (byte) 596;

    assertThat(reader.read(Base64.getEncoder().encodeToString(der)))
        .isEqualTo(new Reading.Plaintext());
  }

  @Test
  void everySecretBoxOfAnotherKeyLooksSealed() throws NoSuchAlgorithmException {
    byte[] key = MessageDigest.getInstance("SHA-256").digest(new byte[1]);
    Random lengths = new Random(1);
    int missed = 0;
    for (int i = 0; i < 20_000; i++) {
      byte[] box =
          SecretBox.seal(key, new byte[lengths.nextInt(120)], new java.security.SecureRandom());
      Base64.Encoder encoder = i % 2 == 0 ? Base64.getUrlEncoder() : Base64.getEncoder();
      if (!reader.read(encoder.encodeToString(box)).equals(new Reading.Unreadable(false))) {
        missed++;
      }
    }
    // The rules may miss one in ten thousand each; ten times that would be a broken rule.
    assertThat(missed).isLessThanOrEqualTo(20);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "v2:gcm:AAAA",
        "v2:gcm:MwgP53Ab492aLvb4WvPyTMOWK0e4C69X_UmD_286n63uUKV-Ynsd0Q==",
        "v3:gcm:MwgP53Ab492aLvb4WvPyTMOWK0e4C69X_UmD_286n63uUKV-Ynsd0Q==",
        "litellm_enc::AAAA",
        "litellm_enc::v2:gcm:AAAA",
        "litellm_enc::MwgP53Ab492aLvb4WvPyTMOWK0e4C69X_UmD_286n63uUKV-Ynsd0Q==",
      })
  void aMarkedValueThatNoKeyOpensIsUnreadable(String text) {
    assertThat(reader.read(text)).isEqualTo(new Reading.Unreadable(true));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "v9:gcm:MwgP53Ab492aLvb4WvPyTMOWK0e4C69X_UmD_286n63uUKV-Ynsd0Q==",
        "v4:chacha:MwgP53Ab492aLvb4WvPyTMOWK0e4C69X_UmD_286n63uUKV-Ynsd0Q",
        "litellm_enc::v12:xyz:MwgP53Ab492aLvb4WvPyTMOWK0e4C69X_UmD_286n63uUKV-Ynsd0Q==",
      })
  void aNewerFormatIsRecognisedAsUnknown(String text) {
    assertThat(reader.read(text)).isInstanceOf(Reading.UnknownFormat.class);
  }

  @Test
  void aKeyPrintsNothingOfItself() {
    String secret = "sk-canary-in-the-cipher";

    String printed = new EncryptionKey(KeyMaterial.of(secret)).toString();

    assertThat(printed)
        .doesNotContain("canary")
        .doesNotContain(HexFormat.of().formatHex(secret.getBytes(StandardCharsets.UTF_8)));
  }
}
