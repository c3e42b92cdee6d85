package dev.keyrotation.cli;

import dev.keyrotation.api.v1alpha1.KeyRotation;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Where a resource lives: on this host, or in a cluster. */
interface Backend extends AutoCloseable {

  /** One question of {@code verify} or {@code doctor} and its answer. */
  record Check(String subject, Outcome outcome, String message) {}

  /** What came of a check. */
  enum Outcome {
    OK("ok"),
    WARNING("warning"),
    PROBLEM("PROBLEM"),
    UNCLEAR("unclear");

    private final String word;

    Outcome(String word) {
      this.word = word;
    }

    String word() {
      return word;
    }
  }

  /** The resource with its status; nothing is asked of the instances. */
  KeyRotation read();

  /** A preflight, in the status of the result. Writes nothing. */
  Result plan();

  /** Starts what {@code wish} asks for, or goes on with what is under way, and follows it. */
  default Result run(HostResource.Wish wish, Follower follower) {
    return run(wish, Soaking.NO, follower);
  }

  /** The same; then stays for the time after the rotation, when {@code soaking} says so. */
  Result run(HostResource.Wish wish, Soaking soaking, Follower follower);

  /** Takes a rotation back; null stands for the last one. */
  Result rollBack(@Nullable String rotationId, Follower follower);

  /** Asks now whether everything is as the last rotation left it. */
  List<Check> verify();

  /** Checks all that a rotation needs. */
  List<Check> doctor();

  /** The statements that let a database role of its own rotate, without semicolons. */
  List<String> grants(String role, boolean fence);

  /** The lines of the audit, the oldest first. */
  List<String> audit();

  /** Where line {@code number} of {@link #audit} stands, counted from 1, for people. */
  default String auditLine(long number) {
    return "Line " + number;
  }

  /** What the resource's status tells of and {@code lines} do not, each a sentence. */
  default List<String> missingIn(List<String> lines) {
    return List.of();
  }

  @Override
  default void close() {}
}
