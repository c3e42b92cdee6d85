package dev.keyrotation.workload;

import java.util.regex.Pattern;

/** Which lines of LiteLLM's log tell of trouble with keys; the words are those of its versions. */
final class KeyTrouble {
  private static final Pattern DECRYPTION =
      Pattern.compile(
          "Error decrypting|master_key/salt key change|[Uu]nable to decrypt|Decryption failed");
  private static final Pattern AUTHENTICATION =
      Pattern.compile(
          "Authentication Error|Invalid proxy server token|ProxyException.*(?:auth|Auth)");

  private long decryption;
  private long authentication;

  void add(String line) {
    if (DECRYPTION.matcher(line).find()) {
      decryption++;
    }
    if (AUTHENTICATION.matcher(line).find()) {
      authentication++;
    }
  }

  LogScan.Counts counts() {
    return new LogScan.Counts(decryption, authentication);
  }
}
