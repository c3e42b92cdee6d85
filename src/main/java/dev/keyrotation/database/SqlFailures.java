package dev.keyrotation.database;

import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.failure.Recovery;
import dev.keyrotation.failure.RotationException;
import java.sql.SQLException;

/**
 * Turns what the driver throws into what the engine understands, by SQLSTATE alone. The driver's
 * text is dropped and not even kept as the cause: it quotes rows and parameters.
 */
final class SqlFailures {
  private SqlFailures() {}

  static RotationException of(SQLException e, String doing) {
    String state = e.getSQLState() == null ? "unknown" : e.getSQLState();
    String where = " (SQLSTATE " + state + ") while " + doing + ".";
    return switch (state) {
      case "55P03" ->
          failure(
              ConditionReason.DATABASE_LOCKED,
              Recovery.RETRY,
              "A lock was not granted in time" + where + " It is tried again.");
      case "40001", "40P01" ->
          failure(
              ConditionReason.DATABASE_LOCKED,
              Recovery.RETRY,
              "Another transaction got in the way" + where + " It is tried again.");
      case "57014", "25P03", "25P04" ->
          failure(
              ConditionReason.DATABASE_UNAVAILABLE,
              Recovery.RETRY,
              "The database did not finish in time" + where);
      case "42501" ->
          failure(
              ConditionReason.DATABASE_ACCESS_DENIED,
              Recovery.ROLL_BACK,
              "The database role lacks a privilege, or a row security policy hides rows from it"
                  + where
                  + " Preflight names the GRANT that is missing.");
      case "25006" ->
          failure(
              ConditionReason.DATABASE_ACCESS_DENIED,
              Recovery.ROLL_BACK,
              "The database server is read-only" + where + " Let the URL name the primary server.");
      case "3D000" ->
          failure(
              ConditionReason.DATABASE_URL_INVALID,
              Recovery.HALT,
              "The database that the URL names does not exist" + where);
      case "53100" ->
          failure(
              ConditionReason.DATABASE_UNAVAILABLE,
              Recovery.RETRY,
              "The database server has no disk space left" + where);
      default -> byClass(state.length() < 2 ? "" : state.substring(0, 2), where);
    };
  }

  private static RotationException byClass(String stateClass, String where) {
    return switch (stateClass) {
      case "08", "57", "53", "58" ->
          failure(
              ConditionReason.DATABASE_UNAVAILABLE,
              Recovery.RETRY,
              "The database does not answer" + where);
      case "28" ->
          failure(
              ConditionReason.DATABASE_ACCESS_DENIED,
              Recovery.HALT,
              "The database refuses the login" + where + " Correct user or password of the URL.");
      default ->
          failure(
              ConditionReason.REENCRYPTION_FAILED,
              Recovery.ROLL_BACK,
              "The database refused a statement" + where + " Nothing was committed.");
    };
  }

  /** After COMMIT was sent only the journal knows whether it happened. */
  static RotationException atCommit(SQLException e, String doing) {
    String state = e.getSQLState() == null ? "unknown" : e.getSQLState();
    if (state.startsWith("08") || state.startsWith("57")) {
      return failure(
          ConditionReason.DATABASE_UNAVAILABLE,
          Recovery.RETRY,
          "The answer to COMMIT was lost (SQLSTATE "
              + state
              + ") while "
              + doing
              + ". The journal is read before anything else is done.");
    }
    return of(e, doing);
  }

  private static RotationException failure(
      ConditionReason reason, Recovery recovery, String message) {
    return new RotationException(reason, recovery, message);
  }
}
