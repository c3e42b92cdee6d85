package dev.keyrotation.api.v1alpha1;

/** The conditions of a KeyRotation. All of them are always present, in this order. */
public enum ConditionType {
  /** True: every running instance is on the active keys and no rotation is under way. */
  READY("Ready"),
  /**
   * True: the operator cannot go on without help; the message says what to do (kstatus word).
   * Stands before {@link #RECONCILING} in the status: kstatus takes the first of the two that is
   * True, and a rotation that is stuck is both.
   */
  STALLED("Stalled"),
  /** True: a rotation is under way (kstatus word; absent work is False). */
  RECONCILING("Reconciling"),
  /** True: the last preflight found nothing that blocks a rotation. */
  PREFLIGHT_PASSED("PreflightPassed"),
  /**
   * True: the last rotation succeeded. False: it was rolled back or abandoned. Unknown: there was
   * none.
   */
  ROTATED("Rotated"),
  /**
   * True: the rotation that is under way, or the last one, can be rolled back; the message says
   * until when.
   */
  ROLL_BACK_POSSIBLE("RollBackPossible"),
  /**
   * True: the time after the last rotation has shown nothing. False: it has shown a problem.
   * Unknown: it is not over, or nothing is watched.
   */
  SOAKED("Soaked");

  private final String text;

  ConditionType(String text) {
    this.text = text;
  }

  /** The word that stands in {@code status.conditions[].type}. */
  public String text() {
    return text;
  }
}
