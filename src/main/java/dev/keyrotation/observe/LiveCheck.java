package dev.keyrotation.observe;

import dev.keyrotation.api.v1alpha1.ActiveKeys;
import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.api.v1alpha1.HistoryEntry;
import dev.keyrotation.api.v1alpha1.KeyKind;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.RotationResult;
import dev.keyrotation.api.v1alpha1.WorkloadSpec;
import dev.keyrotation.database.DatabaseProvider;
import dev.keyrotation.failure.RotationException;
import dev.keyrotation.key.KeyMaterial;
import dev.keyrotation.key.KeySet;
import dev.keyrotation.key.KeyStore;
import dev.keyrotation.plan.Evidence;
import dev.keyrotation.plan.Statuses;
import dev.keyrotation.proxy.Proxies;
import dev.keyrotation.workload.Workloads;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Asks now whether everything still is as the last rotation left it: each instance by its own
 * address, and the stored values. Writes nothing.
 */
public final class LiveCheck {
  private final KeyStore store;
  private final Workloads workloads;
  private final DatabaseProvider databases;
  private final Instances instances;

  public LiveCheck(
      KeyStore store,
      Workloads workloads,
      Proxies proxies,
      DatabaseProvider databases,
      SecureRandom random) {
    this.store = store;
    this.workloads = workloads;
    this.databases = databases;
    this.instances = new Instances(workloads, proxies, random);
  }

  /** What came of a question. */
  public enum Verdict {
    PASSED,
    FAILED,
    UNCLEAR
  }

  /**
   * One question and its answer.
   *
   * @param subject what was asked, for example an instance
   * @param message a sentence; it holds no key
   * @param reason what is wrong with the keys; null when nothing is, or nothing can be told yet
   * @param count how much of it
   */
  public record Answer(
      String subject,
      Verdict verdict,
      String message,
      @Nullable ConditionReason reason,
      long count) {
    Answer(String subject, Verdict verdict, String message) {
      this(subject, verdict, message, null, 0);
    }

    static Answer failed(String subject, ConditionReason reason, String message) {
      return new Answer(subject, Verdict.FAILED, message, reason, 1);
    }
  }

  /** Every answer. Does not throw for what the world answers or fails to answer. */
  public List<Answer> everything(KeyRotation primary) {
    List<Answer> answers = new ArrayList<>(ofInstances(primary));
    if (primary.getSpec().database() != null) {
      answers.add(guarded("stored values", () -> values(primary)));
    }
    return List.copyOf(answers);
  }

  /** The answers that cost little: keys, workloads and instances, not the stored values. */
  public List<Answer> ofInstances(KeyRotation primary) {
    List<Answer> answers = new ArrayList<>();
    KeySet keys = null;
    try {
      keys = present(primary, answers);
    } catch (RotationException e) {
      answers.add(new Answer("keys", Verdict.UNCLEAR, e.sentence()));
    }
    for (WorkloadSpec workload : primary.getSpec().workloads()) {
      try {
        Workloads.State state = workloads.observe(primary, workload);
        answers.add(settled(state));
        if (keys != null) {
          KeySet present = keys;
          KeyMaterial replaced = replacedMaster(primary);
          state
              .instances()
              .forEach(
                  instance ->
                      answers.add(
                          guarded(
                              instance.name(),
                              () -> instance(primary, instance, present, replaced))));
        }
      } catch (RotationException e) {
        answers.add(new Answer(workload.displayName(), Verdict.UNCLEAR, e.sentence()));
      }
    }
    return List.copyOf(answers);
  }

  private @Nullable KeySet present(KeyRotation primary, List<Answer> answers) {
    return switch (store.consumer(primary)) {
      case KeyStore.Consumer.Usable usable -> {
        ActiveKeys active = Statuses.of(primary).activeKeys();
        if (active == null) {
          answers.add(new Answer("keys", Verdict.PASSED, "usable; no rotation has been made yet"));
        } else if (active.fingerprints().equals(GenerateKeysObserver.fingerprints(usable.keys()))) {
          answers.add(
              new Answer(
                  "keys", Verdict.PASSED, "as revision " + active.revision() + " left them"));
        } else {
          answers.add(
              Answer.failed(
                  "keys",
                  ConditionReason.SECRET_CHANGED_BY_OTHER,
                  "they are no longer those of revision "
                      + active.revision()
                      + ": somebody changed them by hand"));
        }
        yield usable.keys();
      }
      case KeyStore.Consumer.Missing missing -> {
        answers.add(
            Answer.failed(
                "keys", ConditionReason.SECRET_NOT_FOUND, "there are none where the spec says"));
        yield null;
      }
      case KeyStore.Consumer.Invalid invalid -> {
        answers.add(Answer.failed("keys", ConditionReason.SECRET_KEY_INVALID, invalid.message()));
        yield null;
      }
    };
  }

  private static Answer settled(Workloads.State state) {
    if (!state.exists()) {
      return new Answer(state.name(), Verdict.FAILED, "does not exist");
    }
    String problem = state.problem();
    return state.settled() && state.replicas() > 0
        ? new Answer(state.name(), Verdict.PASSED, "runs, " + state.replicas() + " wanted")
        : new Answer(
            state.name(),
            Verdict.FAILED,
            problem == null ? "is not settled" : "is not settled: " + problem);
  }

  /** The master key that the last rotation replaced, while it is kept. */
  private @Nullable KeyMaterial replacedMaster(KeyRotation primary) {
    KeySet replaced = replaced(primary, KeyKind.MASTER);
    return replaced == null ? null : replaced.master();
  }

  private @Nullable KeySet replaced(KeyRotation primary, KeyKind kind) {
    return Statuses.of(primary).history().stream()
        .findFirst()
        .filter(last -> last.result() == RotationResult.SUCCEEDED && last.retiredAt() == null)
        .filter(last -> last.keys().contains(kind))
        .map(HistoryEntry::fromRevision)
        .map(revision -> store.revision(primary, revision))
        .filter(KeyStore.Revision.Usable.class::isInstance)
        .map(revision -> ((KeyStore.Revision.Usable) revision).keys())
        .orElse(null);
  }

  private Answer instance(
      KeyRotation primary,
      Workloads.Instance instance,
      KeySet keys,
      @Nullable KeyMaterial replaced) {
    List<Workloads.Instance> one = List.of(instance);
    Evidence against = instances.accepts(primary, one, keys.master());
    if (against == null && replaced != null) {
      against = instances.refuses(primary, one, replaced);
    }
    if (against == null) {
      against = instances.readsModels(primary, one, keys.master(), 0);
    }
    return switch (against) {
      case null ->
          new Answer(
              instance.name(),
              Verdict.PASSED,
              "accepts its master key, refuses a random one"
                  + (replaced == null ? "" : " and the one that was replaced")
                  + ", reads its stored models");
      case Evidence.Refuted refuted ->
          Answer.failed(instance.name(), refuted.reason(), refuted.message());
      case Evidence.Unknown unknown ->
          new Answer(instance.name(), Verdict.UNCLEAR, unknown.message());
      default -> new Answer(instance.name(), Verdict.UNCLEAR, "gives no clear answer");
    };
  }

  private Answer values(KeyRotation primary) {
    String subject = "stored values";
    if (!(store.consumer(primary) instanceof KeyStore.Consumer.Usable usable)) {
      return new Answer(subject, Verdict.UNCLEAR, "there is no key to read them with");
    }
    KeySet keys = usable.keys();
    long present = databases.open(primary).valuesUnder(keys.encryption());
    KeySet replaced = replaced(primary, KeyKind.SALT);
    if (replaced != null && !replaced.encryption().equals(keys.encryption())) {
      long left = databases.open(primary).valuesUnder(replaced.encryption());
      if (left > 0) {
        return new Answer(
            subject,
            Verdict.FAILED,
            left
                + " are still under the key that was replaced: a process that is not in"
                + " spec.workloads wrote them",
            ConditionReason.VALUES_UNDER_OLD_KEY,
            left);
      }
      return new Answer(
          subject, Verdict.PASSED, present + " under the key in use, none under the replaced one");
    }
    return new Answer(subject, Verdict.PASSED, present + " under the key in use");
  }

  private interface Question {
    Answer ask();
  }

  private static Answer guarded(String subject, Question question) {
    try {
      return question.ask();
    } catch (RotationException e) {
      return new Answer(subject, Verdict.UNCLEAR, e.sentence());
    }
  }
}
