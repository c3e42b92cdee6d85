package dev.keyrotation.observe;

import dev.keyrotation.api.v1alpha1.KeyKind;
import dev.keyrotation.api.v1alpha1.KeyRotationSpec;
import java.util.ArrayList;
import java.util.List;

/** What a rotation cannot mend when somebody else knew the keys. */
final class CompromiseAdvice {
  private CompromiseAdvice() {}

  static List<String> of(KeyRotationSpec spec) {
    List<String> advice = new ArrayList<>();
    advice.add(
        "What the keys have opened stays open: whoever holds an old key and a backup, a dump or the"
            + " audit log of the database can read the provider keys in it. Replace those at the"
            + " providers.");
    advice.add(
        "Virtual keys do not depend on the master or salt key and stay valid. Whoever had the"
            + " master key could read their limits and make new ones; block or regenerate those"
            + " that you do not know.");
    if (!spec.rotates(KeyKind.MASTER)) {
      advice.add(
          "Master is not among spec.keys: the master key stays, and dashboard sessions are not"
              + " ended.");
    }
    if (!spec.rotates(KeyKind.SALT)) {
      advice.add(
          "Salt is not among spec.keys: a salt key that leaked too stays in use. With it, bearers"
              + " of dashboard and CLI sessions can be forged (LiteLLM 1.91 to 1.103 also takes"
              + " other values under it for bearers, unless patched).");
    }
    if (spec.database() == null) {
      advice.add("Without spec.database no dashboard session can be ended and no key listed.");
    }
    if (!"0".equals(spec.gracePeriod())) {
      advice.add("gracePeriod is ignored: the old master key ends with each old instance.");
    }
    return advice;
  }
}
