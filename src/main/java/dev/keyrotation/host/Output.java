package dev.keyrotation.host;

import java.nio.charset.StandardCharsets;

/**
 * What a command said.
 *
 * @param exit its exit code; 128 and more when a signal ended it
 * @param out its standard output
 * @param err the end of its standard error, for decisions, never for messages: it may hold secrets
 */
public record Output(int exit, byte[] out, String err) {

  public boolean ok() {
    return exit == 0;
  }

  /** The standard output as text. */
  public String text() {
    return new String(out, StandardCharsets.UTF_8);
  }

  /** Without what it said. */
  @Override
  public String toString() {
    return "Output[exit=" + exit + "]";
  }
}
