package dev.keyrotation.plan;

import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.api.v1alpha1.Progress;
import dev.keyrotation.failure.Recovery;
import org.jspecify.annotations.Nullable;

/** What came of carrying out a decision. It is never evidence: the next turn looks at the world. */
public sealed interface StepOutcome {
  /** The decision had no effect to carry out. */
  record NoEffect() implements StepOutcome {}

  /** The effect was made. */
  record Made() implements StepOutcome {}

  /** The effect runs on in the background. */
  record Running(String message, @Nullable Progress progress) implements StepOutcome {}

  /** The effect was not made, or not known to be made. */
  record Failed(ConditionReason reason, String message, Recovery recovery) implements StepOutcome {}
}
