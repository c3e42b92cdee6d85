package dev.keyrotation.workload;

/** Where the value of an environment variable comes from. */
sealed interface EnvSource {
  /** For messages, for example {@code entry salt of Secret keys}; never a value. */
  String describe();

  /** An entry of a Secret. */
  record SecretEntry(String secret, String entry) implements EnvSource {
    @Override
    public String describe() {
      return "entry " + entry + " of Secret " + secret;
    }
  }

  /** An entry of a ConfigMap. */
  record ConfigMapEntry(String configMap, String entry) implements EnvSource {
    @Override
    public String describe() {
      return "entry " + entry + " of ConfigMap " + configMap;
    }
  }

  /** A value in the pod template itself, which may be a key: it is kept out of every text. */
  record Literal(String value) implements EnvSource {
    @Override
    public String describe() {
      return "a value in the pod template";
    }

    @Override
    public String toString() {
      return "Literal[redacted]";
    }
  }

  /** Put together from several variables, or a field of the pod. */
  record Computed() implements EnvSource {
    @Override
    public String describe() {
      return "an expression in the pod template";
    }
  }
}
