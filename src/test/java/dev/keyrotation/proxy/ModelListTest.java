package dev.keyrotation.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Base64;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ModelListTest {

  @ParameterizedTest
  @ValueSource(
      strings = {
        "AAECAwQFBgcICQoLDA0ODxAREhMUFRYX9KgpF+4z1H0x8t+apHB33iYeh0FYdV8/eKryhU11Cg==",
        "v2:gcm:AAECAwQFBgcICQoLx0uAEFIDbANDNQNZMs6a_rXl9wLDozXmzk15X8QyTA==",
        "v3:gcm:AAECAwQFBgcICQoLkqjS-05L7rQw3YjnwIno5Ee8cQeunNyqsLzucc9NMA==",
        "v9:gcm:x"
      })
  void takesCiphertextForUnreadable(String model) {
    assertThat(ModelList.looksEncrypted(model)).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "gpt-4o",
        "openai/gpt-4o-mini",
        "bedrock/arn:aws:bedrock:eu-central-1:123456789012:inference-profile/eu.anthropic.claude",
        "huggingface/NousResearch/Nous-Hermes-2-Mixtral-8x7B-DPO-GPTQ-Q4-K-M1",
        "together_ai/meta-llama/Llama-4-Maverick-17B-128E-Instruct-FP8-Turbo1",
        "an-internal-deployment-of-a-large-language-model-with-a-long-name-00"
      })
  void takesModelNamesForReadable(String model) {
    assertThat(ModelList.looksEncrypted(model)).isFalse();
  }

  @Test
  void findsNearlyEveryRandomBox() {
    Random random = new Random(7);

    long found =
        IntStream.range(0, 2000)
            .filter(
                i -> {
                  byte[] box = new byte[40 + 5 + i % 40];
                  random.nextBytes(box);
                  return ModelList.looksEncrypted(Base64.getUrlEncoder().encodeToString(box));
                })
            .count();

    assertThat(found).isGreaterThan(1950);
  }
}
