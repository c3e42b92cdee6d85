package dev.keyrotation.cli;

import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.audit.AuditEntries;
import dev.keyrotation.audit.AuditEntry;
import dev.keyrotation.audit.AuditEvent;
import dev.keyrotation.audit.FileAuditLog;
import dev.keyrotation.engine.Turn;
import java.io.IOException;
import java.time.Clock;
import java.util.function.Consumer;

/**
 * Writes the audit of a host. No rotation begins that cannot be recorded; one that is under way
 * goes on without, since half-way is no safe place to stop, and says so.
 */
final class HostAudit {
  private final FileAuditLog log;
  private final String actor;
  private final Consumer<String> warnings;
  private final Clock clock;

  HostAudit(FileAuditLog log, String actor, Consumer<String> warnings, Clock clock) {
    this.log = log;
    this.actor = actor;
    this.warnings = warnings;
    this.clock = clock;
  }

  void record(KeyRotation primary, Turn.Taken taken) {
    AuditEntries.of(primary, taken, actor).forEach(entry -> append(primary, entry));
  }

  private void append(KeyRotation primary, AuditEntry entry) {
    String name = primary.getMetadata().getNamespace() + "/" + primary.getMetadata().getName();
    try {
      log.append(clock.instant(), name, entry);
    } catch (IOException | IllegalArgumentException e) {
      String why =
          "The audit cannot be written: "
              + (e instanceof IOException io
                  ? IoWords.of(io)
                  : "its last line is damaged, " + e.getMessage())
              + ".";
      if (entry.event() == AuditEvent.BEGUN || entry.event() == AuditEvent.BLOCKED) {
        throw new CommandFailure(ExitCode.BAD_INPUT, why + " Nothing was begun.", e);
      }
      warnings.accept(why);
    }
  }

  /** The user of the host, and who stands behind it when sudo was used. */
  static String user() {
    String user = System.getProperty("user.name");
    String behind = System.getenv("SUDO_USER");
    return behind == null || behind.isBlank() || behind.equals(user)
        ? "user " + user
        : "user " + user + ", sudo by " + behind;
  }
}
