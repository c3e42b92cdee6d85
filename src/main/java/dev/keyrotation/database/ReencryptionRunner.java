package dev.keyrotation.database;

import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.api.v1alpha1.Progress;
import dev.keyrotation.database.RotationDatabase.Reencryption;
import dev.keyrotation.failure.Recovery;
import dev.keyrotation.failure.RotationException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.Executor;

/**
 * Runs re-encryptions on threads of their own, so that a reconcile never blocks for one. What it
 * remembers is only for progress and failures; whether a re-encryption happened is read from the
 * journal.
 */
public final class ReencryptionRunner {

  /** Where a run is. */
  public sealed interface State {
    /** No run is known; the journal says whether there was one. */
    record Idle() implements State {}

    /** It runs. */
    record Running(Progress progress) implements State {}

    /** It ended without commit, or without knowing. */
    record Failed(RotationException failure) implements State {}
  }

  private final Executor executor;
  private final ConcurrentMap<String, State> runs = new ConcurrentHashMap<>();

  /** Runs go to {@code executor}, which should give each a thread of its own. */
  public ReencryptionRunner(Executor executor) {
    this.executor = executor;
  }

  /** The state of the run that carries {@code stamp}. */
  public State state(String stamp) {
    return runs.getOrDefault(stamp, new State.Idle());
  }

  /** The failure of the last run that carries {@code stamp}, told once; Idle afterwards. */
  public State takeFailure(String stamp) {
    State state = state(stamp);
    if (state instanceof State.Failed) {
      runs.remove(stamp, state);
    }
    return state;
  }

  /** Starts a run, unless one with this stamp is running. */
  public void start(String stamp, RotationDatabase database, Reencryption request) {
    State begun = new State.Running(new Progress(0, 0, "rows"));
    State old = runs.get(stamp);
    if (old instanceof State.Running) {
      return;
    }
    if (old == null ? runs.putIfAbsent(stamp, begun) != null : !runs.replace(stamp, old, begun)) {
      return;
    }
    executor.execute(
        () -> {
          try {
            database.reencrypt(request, progress -> runs.put(stamp, new State.Running(progress)));
            runs.remove(stamp);
          } catch (RotationException e) {
            runs.put(stamp, new State.Failed(e));
          } catch (RuntimeException | Error e) {
            runs.put(stamp, new State.Failed(unexpected(e)));
            throw e;
          }
        });
  }

  private static RotationException unexpected(Throwable fault) {
    return new RotationException(
        ConditionReason.INTERNAL_ERROR,
        Recovery.RETRY,
        "The re-encryption ended with "
            + fault.getClass().getSimpleName()
            + "; nothing was committed.",
        fault);
  }
}
