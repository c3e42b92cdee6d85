package dev.keyrotation.observe;

import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.key.KeyMaterial;
import dev.keyrotation.plan.Finding;
import dev.keyrotation.proxy.ProxyApi;
import dev.keyrotation.proxy.ProxyApi.KeyAnswer;
import dev.keyrotation.proxy.ProxyApi.KeyOrigin;
import dev.keyrotation.proxy.ProxyApi.Models;
import dev.keyrotation.workload.Workloads;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Whether one instance runs on the keys that a rotation would replace. What it accepts is the key
 * it runs with, wherever its configuration says that it comes from.
 */
final class InstancePreflight {
  /** More stored models than there can be: none were listed. */
  static final int NOT_KNOWN = Integer.MAX_VALUE;

  private final ProxyApi proxy;
  private final Workloads.Instance instance;
  private final URI url;
  private final KeyMaterial master;
  private final String where;
  private final List<Finding> findings = new ArrayList<>();
  private boolean accepted;
  private int storedModels = NOT_KNOWN;

  /**
   * @param where where the master key is read from, for messages
   */
  InstancePreflight(
      ProxyApi proxy, Workloads.Instance instance, URI url, KeyMaterial master, String where) {
    this.proxy = proxy;
    this.instance = instance;
    this.url = url;
    this.master = master;
    this.where = where;
  }

  /** What stands in the way; {@code control} is a key that nobody has. */
  List<Finding> findings(KeyMaterial control) {
    switch (proxy.ask(url, master)) {
      case KeyAnswer.Unclear(String why) ->
          add(ConditionReason.EVIDENCE_UNKNOWN, " gives no clear answer: " + why);
      case KeyAnswer.Refused() ->
          add(
              ConditionReason.INSTANCES_ON_OTHER_KEY,
              " refuses the master key of "
                  + where
                  + ": it runs with another one. Restart it, or correct the spec.");
      case KeyAnswer.Ordinary() ->
          add(
              ConditionReason.INSTANCES_ON_OTHER_KEY,
              " takes the master key of "
                  + where
                  + " for an ordinary key: it runs with another master key. Restart it, or correct"
                  + " the spec.");
      case KeyAnswer.Accepted() -> {
        askWithAnotherKey(control);
        askWhereTheKeyIsFrom();
        accepted = true;
        readModels();
      }
    }
    return List.copyOf(findings);
  }

  private void askWithAnotherKey(KeyMaterial control) {
    switch (proxy.ask(url, control)) {
      case KeyAnswer.Accepted(), KeyAnswer.Ordinary() ->
          add(
              ConditionReason.INSTANCES_ON_OTHER_KEY,
              " accepts any key as admin, so nothing could be verified.");
      case KeyAnswer.Unclear(String why) ->
          add(
              ConditionReason.EVIDENCE_UNKNOWN,
              " gives no clear answer to a random key: it " + why + ".");
      case KeyAnswer.Refused() -> {}
    }
  }

  private void askWhereTheKeyIsFrom() {
    if (proxy.origin(url, master) == KeyOrigin.ROW) {
      add(
          ConditionReason.INSTANCES_ON_OTHER_KEY,
          " accepts the master key of "
              + where
              + " only through a row of the token table: it runs with another one. Restart it, or"
              + " correct the spec.");
    }
  }

  private void readModels() {
    if (proxy.models(url, master) instanceof Models.Listed(int stored, List<String> unreadable)) {
      storedModels = stored;
      if (!unreadable.isEmpty()) {
        add(
            ConditionReason.VALUE_UNREADABLE,
            " cannot decrypt "
                + unreadable.size()
                + " stored models already now, the first is model_id "
                + unreadable.getFirst()
                + ". Repair or delete them first.");
      }
    }
  }

  private void add(ConditionReason reason, String what) {
    findings.add(new Finding(reason, instance.name() + what));
  }

  /** The version of LiteLLM; null if it does not say, or has not accepted the key. */
  @Nullable String version() {
    return accepted ? proxy.version(url, master) : null;
  }

  /** Models from the database that the instance lists; {@link #NOT_KNOWN} if it was not asked. */
  int storedModels() {
    return storedModels;
  }
}
