package dev.keyrotation.observe;

import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.key.KeyMaterial;
import dev.keyrotation.plan.Evidence;
import dev.keyrotation.proxy.Proxies;
import dev.keyrotation.proxy.ProxyApi;
import dev.keyrotation.proxy.ProxyApi.KeyAnswer;
import dev.keyrotation.proxy.ProxyApi.KeyOrigin;
import dev.keyrotation.proxy.ProxyApi.Models;
import dev.keyrotation.workload.Workloads;
import java.net.URI;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Asks every running instance, each by its own address. */
final class Instances {
  /** How long LiteLLM may accept a key from its memory, unless that is configured. */
  static final Duration CACHE_TIME = Duration.ofSeconds(60);

  /**
   * LiteLLM caches an accepted key for 60 s ({@code user_api_key_cache_ttl}); three times that is
   * no cache any more.
   */
  static final Duration CACHE_PATIENCE = Duration.ofMinutes(3);

  /**
   * How long an instance that just became ready may contradict: it reloads its models every 30 s.
   */
  static final Duration RELOAD_PATIENCE = Duration.ofSeconds(90);

  private final Workloads workloads;
  private final Proxies proxies;
  private final SecureRandom random;

  Instances(Workloads workloads, Proxies proxies, SecureRandom random) {
    this.workloads = workloads;
    this.proxies = proxies;
    this.random = random;
  }

  List<Workloads.Instance> running(KeyRotation primary) {
    List<Workloads.Instance> all = new ArrayList<>();
    primary
        .getSpec()
        .workloads()
        .forEach(w -> all.addAll(workloads.observe(primary, w).instances()));
    return all;
  }

  /** What is said against an instance; null when nothing is. */
  @FunctionalInterface
  private interface Question {
    @Nullable Evidence about(Workloads.Instance instance, URI url);
  }

  /** What is said against the first instance against which something is; null when nothing is. */
  private static @Nullable Evidence ofEach(List<Workloads.Instance> instances, Question question) {
    for (Workloads.Instance instance : instances) {
      URI url = instance.url();
      Evidence evidence =
          url == null ? unclear(instance, "it has no address yet") : question.about(instance, url);
      if (evidence != null) {
        return evidence;
      }
    }
    return null;
  }

  /** Null when every instance accepts {@code key} and refuses a random one. */
  @Nullable Evidence accepts(
      KeyRotation primary, List<Workloads.Instance> instances, KeyMaterial key) {
    ProxyApi proxy = proxies.of(primary);
    KeyMaterial control = KeyMaterial.generate(random);
    return ofEach(
        instances,
        (instance, url) ->
            switch (proxy.ask(url, key)) {
              case KeyAnswer.Unclear(String why) -> unclear(instance, why);
              case KeyAnswer.Refused() ->
                  contradicts(instance, " refuses the key that it should run with.");
              case KeyAnswer.Ordinary() ->
                  contradicts(
                      instance,
                      " takes the key that it should run with for an ordinary one: its master key"
                          + " is another.");
              case KeyAnswer.Accepted() -> refusesRandom(proxy, instance, url, control);
            });
  }

  /** A proxy without a master key accepts everything: then acceptance proves nothing. */
  private static @Nullable Evidence refusesRandom(
      ProxyApi proxy, Workloads.Instance instance, URI url, KeyMaterial control) {
    return switch (proxy.ask(url, control)) {
      case KeyAnswer.Unclear(String why) -> unclear(instance, why);
      case KeyAnswer.Accepted(), KeyAnswer.Ordinary() ->
          contradicts(
              instance,
              " accepts a random key as admin: it checks no keys at all (custom auth, no master"
                  + " key, or allow_requests_on_db_unavailable while its database is down).");
      case KeyAnswer.Refused() -> null;
    };
  }

  /** Null when every instance refuses {@code key}. */
  @Nullable Evidence refuses(
      KeyRotation primary, List<Workloads.Instance> instances, KeyMaterial key) {
    ProxyApi proxy = proxies.of(primary);
    return ofEach(
        instances,
        (instance, url) ->
            switch (proxy.ask(url, key)) {
              case KeyAnswer.Unclear(String why) -> unclear(instance, why);
              case KeyAnswer.Accepted() ->
                  stillAccepted(instance, " still accepts the master key that was replaced.");
              case KeyAnswer.Ordinary() ->
                  stillAccepted(
                      instance,
                      " still accepts the master key that was replaced, as an ordinary key.");
              case KeyAnswer.Refused() -> null;
            });
  }

  /**
   * Null when no instance is known to take {@code key} from a row only. Such an instance runs with
   * another master key, and turning back would not change that: somebody has to look. LiteLLM
   * before 1.84 does not tell; there the question comes again when the rows are gone.
   */
  @Nullable Evidence runsWith(
      KeyRotation primary, List<Workloads.Instance> instances, KeyMaterial key) {
    ProxyApi proxy = proxies.of(primary);
    for (Workloads.Instance instance : instances) {
      URI url = instance.url();
      if (url != null && proxy.origin(url, key) == KeyOrigin.ROW) {
        return new Evidence.Unknown(
            ConditionReason.VERIFICATION_FAILED,
            instance.name()
                + " accepts the key that it should run with only through a row of the token table:"
                + " its own master key is another. See where its environment takes the master key"
                + " from, and restart it.");
      }
    }
    return null;
  }

  /**
   * Null when every instance lists at least {@code expected} stored models and can read each of
   * them.
   */
  @Nullable Evidence readsModels(
      KeyRotation primary, List<Workloads.Instance> instances, KeyMaterial master, int expected) {
    ProxyApi proxy = proxies.of(primary);
    return ofEach(
        instances,
        (instance, url) ->
            switch (proxy.models(url, master)) {
              case Models.Unclear(String why) -> unclear(instance, why);
              case Models.Listed(int stored, List<String> unreadable) when !unreadable.isEmpty() ->
                  contradicts(
                      instance,
                      " cannot decrypt "
                          + unreadable.size()
                          + " stored models, the first is model_id "
                          + unreadable.getFirst()
                          + ".");
              case Models.Listed(int stored, List<String> unreadable) when stored < expected ->
                  contradicts(instance, " lists " + stored + " of " + expected + " stored models.");
              case Models.Listed listed -> null;
            });
  }

  private static Evidence contradicts(Workloads.Instance instance, String what) {
    return new Evidence.Refuted(
        ConditionReason.VERIFICATION_FAILED, instance.name() + what, RELOAD_PATIENCE);
  }

  private static Evidence stillAccepted(Workloads.Instance instance, String what) {
    return new Evidence.Refuted(
        ConditionReason.OLD_KEY_STILL_ACCEPTED, instance.name() + what, CACHE_PATIENCE);
  }

  private static Evidence unclear(Workloads.Instance instance, String why) {
    return new Evidence.Unknown(
        ConditionReason.EVIDENCE_UNKNOWN, instance.name() + " gives no clear answer: " + why);
  }
}
