package dev.keyrotation.systemd;

import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.RotationDuration;
import dev.keyrotation.api.v1alpha1.SystemdUnitTarget;
import dev.keyrotation.envfile.EnvironmentFileConsumer;
import dev.keyrotation.host.Host;
import dev.keyrotation.key.KeyMaterial;
import dev.keyrotation.key.KeySet;
import dev.keyrotation.key.KeyStore.Consumer;
import dev.keyrotation.workload.Workloads.Finding;
import dev.keyrotation.workload.Workloads.Wiring;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * How a unit is wired to the files with its keys, and what gets in the way of a restart. Reads
 * only.
 *
 * <p>Where a unit takes its keys from can be told in several ways, of which a shell wrapper is the
 * one that no property shows. What the running process holds is the truth; so its keys are compared
 * with those of the file, by a digest with a nonce that the host computes.
 */
final class UnitCheck {
  private final KeyRotation owner;
  private final SystemdUnitTarget unit;
  private final EnvironmentFileConsumer files;
  private final String nonce;
  private final List<Finding> findings = new ArrayList<>();
  private final List<String> warnings = new ArrayList<>();

  UnitCheck(
      KeyRotation owner,
      SystemdUnitTarget unit,
      EnvironmentFileConsumer files,
      SecureRandom random) {
    this.owner = owner;
    this.unit = unit;
    this.files = files;
    byte[] bytes = new byte[16];
    random.nextBytes(bytes);
    this.nonce = HexFormat.of().formatHex(bytes);
  }

  Wiring run(Host host) {
    UnitFacts facts =
        UnitFacts.parse(
            host.script(
                    "check " + unit.unit(),
                    UnitScripts.WIRING,
                    Stream.concat(
                            Stream.of(unit.unit(), unit.masterKey(), unit.saltKey()),
                            unit.keyFiles().stream())
                        .toList(),
                    (nonce + "\n").getBytes(StandardCharsets.UTF_8))
                .text());
    if (facts.is("LoadState", "not-found")) {
      return new Wiring(List.of(), List.of());
    }
    checkRights(host, facts);
    checkUnit(facts);
    Consumer consumer = files.consumer(owner);
    if (consumer instanceof Consumer.Usable usable) {
      checkSource(facts, usable.keys());
    }
    checkSharing(facts);
    if (owner.getSpec().database() == null && facts.has("Database")) {
      block(
          ConditionReason.INVALID_SPEC,
          "has a database (DATABASE_URL), but spec.database is not set: stored values and an old"
              + " master key's row would be missed. Set it.");
    }
    return new Wiring(List.copyOf(findings), List.copyOf(warnings));
  }

  private void checkRights(Host host, UnitFacts facts) {
    if (!facts.is("Uid", "0")) {
      block(
          ConditionReason.HOST_ACCESS_DENIED,
          "cannot be restarted by the user that logs in to "
              + host.name()
              + ": root is needed for systemctl and the drop-in. Set host.sudo, log in as root, or"
              + " run the command as root.");
    }
  }

  private void checkUnit(UnitFacts facts) {
    if (facts.is("LoadState", "masked")) {
      block(ConditionReason.WORKLOAD_NOT_STEADY, "is masked. systemctl unmask it first.");
    }
    if (facts.is("UnitFileState", "disabled")) {
      warn("is disabled: it would not start after a reboot of its host.");
    }
    if (facts.is("KillMode", "process") || facts.is("KillMode", "none")) {
      warn(
          "has KillMode="
              + facts.get("KillMode")
              + ": processes can be left when it stops. The rotation waits until they are gone.");
    }
    String starters = facts.get("TriggeredBy");
    if (!starters.isBlank()) {
      warn(
          "can be started by "
              + starters
              + " while it should be stopped; it is then stopped again.");
    }
    Duration stop = TimeSpan.parse(facts.get("TimeoutStopUSec"));
    Duration deadline = RotationDuration.parse(owner.getSpec().stepDeadline());
    if (stop == null || stop.compareTo(deadline) >= 0) {
      warn(
          "may take "
              + (stop == null ? "for ever" : stop.toSeconds() + " s")
              + " to stop (TimeoutStopSec), and spec.stepDeadline is "
              + owner.getSpec().stepDeadline()
              + ": a stop that hangs would be rolled back.");
    }
  }

  private void checkSource(UnitFacts facts, KeySet keys) {
    boolean bySystemd = facts.has("OwnFile");
    Match master = match(facts, unit.masterKey(), keys.master());
    Match salt = match(facts, unit.saltKey(), keys.salt());
    if (master == Match.DIFFERENT) {
      block(
          ConditionReason.INSTANCES_ON_OTHER_KEY,
          "runs with another "
              + unit.masterKey()
              + " than "
              + files()
              + " holds. Restart it if the file is right; else find where it takes the key from.");
    }
    if (salt == Match.DIFFERENT) {
      block(
          ConditionReason.INSTANCES_ON_OTHER_KEY,
          "runs with another "
              + unit.saltKey()
              + " than "
              + files()
              + " holds: its data is under that one. Put it into the file before any restart.");
    }
    for (String file : unit.keyFiles()) {
      boolean named = bySystemd || facts.all("Named").contains(file);
      boolean holdsSalt = unit.keyFiles().indexOf(file) > 0;
      if (!named) {
        checkUnnamed(file, holdsSalt ? salt : master);
      }
    }
    if (bySystemd && !facts.has("Mentions")) {
      for (String name : files.unseenBySystemd(owner, unit)) {
        block(
            ConditionReason.WORKLOAD_DOES_NOT_READ_SECRET,
            "reads "
                + files()
                + " by EnvironmentFile=, which does not know `export` (systemd ignores the line"
                + " that sets "
                + name
                + "). Remove the word export there.");
      }
    }
    // A command that exports credentials does so over what such a file has set.
    for (String other :
        unit.credentialFiles() == null ? facts.all("OtherFile") : List.<String>of()) {
      block(
          ConditionReason.WORKLOAD_DOES_NOT_READ_SECRET,
          "sets "
              + other.replaceFirst(" ", " in a second environment file, ")
              + ", too: the later file wins. Keep it in one.");
    }
    if (master == Match.UNREADABLE) {
      warn("shows no environment of its processes, so its keys were not compared with the file.");
    }
  }

  private void checkUnnamed(String file, Match match) {
    if (match == Match.SAME) {
      warn(
          "runs with the keys of "
              + file
              + ", but nothing in its definition names that file. See that a restart reads it.");
    } else if (unit.credentialFiles() == null) {
      block(
          ConditionReason.WORKLOAD_DOES_NOT_READ_SECRET,
          "does not read "
              + file
              + ": neither EnvironmentFile=, LoadCredential= nor the command names it. Add"
              + " EnvironmentFile="
              + file
              + " to the unit, or correct systemdUnit.environmentFile.");
    } else {
      block(
          ConditionReason.WORKLOAD_DOES_NOT_READ_SECRET,
          "does not read "
              + file
              + ": neither LoadCredential= nor the command names it. Add LoadCredential=NAME:"
              + file
              + " to the unit and export it in its command, or correct"
              + " systemdUnit.credentialFiles.");
    }
  }

  private String files() {
    return String.join(" and ", unit.keyFiles());
  }

  private enum Match {
    SAME,
    DIFFERENT,
    UNREADABLE,
    ABSENT
  }

  private Match match(UnitFacts facts, String name, @Nullable KeyMaterial key) {
    List<String> digests =
        facts.all("Digest").stream()
            .filter(line -> line.startsWith(name + " "))
            .map(line -> line.substring(name.length() + 1))
            .toList();
    if (digests.isEmpty()) {
      return facts.all("Process").contains("read") ? Match.ABSENT : Match.UNREADABLE;
    }
    return key != null && digests.contains(key.digest(nonce)) ? Match.SAME : Match.DIFFERENT;
  }

  private void checkSharing(UnitFacts facts) {
    List<String> known = owner.getSpec().units().stream().map(SystemdUnitTarget::unit).toList();
    List<String> others =
        facts.all("UsedBy").stream().distinct().filter(name -> !known.contains(name)).toList();
    if (!others.isEmpty()) {
      warn(
          "shares "
              + files()
              + " with "
              + String.join(", ", others)
              + ", which spec.workloads does not name: it would keep the old keys until it is"
              + " restarted.");
    }
  }

  private void block(ConditionReason reason, String sentence) {
    findings.add(new Finding(reason, unit.displayName() + " " + sentence));
  }

  private void warn(String sentence) {
    warnings.add(unit.displayName() + " " + sentence);
  }
}
