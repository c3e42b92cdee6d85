package dev.keyrotation.workload;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class KeyTroubleTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "LiteLLM Proxy:ERROR: Error decrypting value for key: api_key, Did your master_key/salt key"
            + " change recently? | 1 | 0",
        "Unable to decrypt value | 1 | 0",
        "LiteLLM Proxy:ERROR: auth_utils: Authentication Error, Invalid proxy server token passed |"
            + " 0 | 1",
        "INFO: 10.0.0.7:51312 - \"POST /chat/completions HTTP/1.1\" 401 Unauthorized | 0 | 0",
        "INFO: Application startup complete. | 0 | 0"
      })
  void theWordsOfLiteLlmAreKnown(String line, long decryption, long authentication) {
    KeyTrouble trouble = new KeyTrouble();

    trouble.add(line);

    assertThat(trouble.counts()).isEqualTo(new LogScan.Counts(decryption, authentication));
  }
}
