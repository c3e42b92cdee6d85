package dev.keyrotation.cipher;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A Python process with LiteLLM's own encryption, see {@code e2e/litellm/cipher.py}. */
final class LiteLlmProcess implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Process process;
  private final BufferedReader answers;
  private final BufferedWriter questions;

  /** Installs that version, if it is not there yet: a minute. */
  LiteLlmProcess(String version) {
    try {
      Process install = quiet("e2e/parts/litellm.sh", version).start();
      String directory = install.inputReader(UTF_8).readLine();
      if (directory == null) {
        throw new IllegalStateException("e2e/parts/litellm.sh " + version + " did not succeed");
      }
      process = quiet(directory + "/venv/bin/python", "e2e/litellm/cipher.py").start();
      answers = process.inputReader(UTF_8);
      questions = process.outputWriter(UTF_8);
      if (!"ready".equals(answer())) {
        throw new IllegalStateException("e2e/litellm/cipher.py did not start");
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static ProcessBuilder quiet(String... command) {
    return new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT);
  }

  String seal(String key, String plaintext, CipherFormat format) {
    String algorithm = format == CipherFormat.V2_GCM ? "aes-256-gcm" : "xsalsa20-poly1305";
    String sealed =
        ask(Map.of("do", "seal", "key", key, "text", plaintext, "algorithm", algorithm));
    if (sealed == null) {
      throw new IllegalStateException("LiteLLM sealed nothing");
    }
    return sealed;
  }

  /** The plaintext, or null when LiteLLM does not open it. */
  @Nullable String open(String key, String text) {
    return ask(Map.of("do", "open", "key", key, "text", text));
  }

  private @Nullable String ask(Map<String, String> question) {
    try {
      questions.write(JSON.writeValueAsString(question));
      questions.newLine();
      questions.flush();
      return answer();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private @Nullable String answer() throws IOException {
    String line = answers.readLine();
    if (line == null) {
      throw new IllegalStateException("the Python process ended");
    }
    return JSON.readValue(line, String.class);
  }

  @Override
  public void close() {
    process.destroy();
  }
}
