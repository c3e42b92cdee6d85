package dev.keyrotation.key;

import org.jspecify.annotations.Nullable;

/** Which values can be a master key at all. Says why not; never quotes the value. */
public final class MasterKeyCheck {
  private static final char FIRST_PRINTABLE = ' ';
  private static final char LAST_PRINTABLE = '~';

  private MasterKeyCheck() {}

  /** What is wrong with the value, to stand after its name; null when it can be a master key. */
  public static @Nullable String problem(String value) {
    if (value.isEmpty()) {
      return "is empty. Without a master key LiteLLM lets everybody in, or does not start";
    }
    if (!value.strip().equals(value)) {
      return "begins or ends with a space or line break, often left by `kubectl create secret --from-file` or an editor."
          + " No client can send that in a header, so it cannot be the key in use. Store the value without it"
          + " (`printf %s`) and restart LiteLLM";
    }
    for (int i = 0; i < value.length(); i++) {
      char c = value.charAt(i);
      if (c < FIRST_PRINTABLE || c > LAST_PRINTABLE) {
        return "holds a character outside printable ASCII. LiteLLM refuses every request with such a key";
      }
    }
    return null;
  }
}
