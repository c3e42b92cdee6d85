package dev.keyrotation.controller;

import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.engine.News;
import dev.keyrotation.engine.Turn;
import dev.keyrotation.metrics.RotationMetrics;
import dev.keyrotation.plan.Statuses;
import java.time.Clock;
import org.jboss.logging.Logger;

/**
 * Tells what a turn did: metrics, and for people an event and a log line at each edge, none while
 * nothing changes.
 */
final class TurnReporter {
  private static final Logger LOG = Logger.getLogger("dev.keyrotation.rotation");

  private final EventRecorder events;
  private final RotationMetrics metrics;
  private final Clock clock;

  TurnReporter(EventRecorder events, RotationMetrics metrics, Clock clock) {
    this.events = events;
    this.metrics = metrics;
    this.clock = clock;
  }

  /** A warning that belongs to no turn. */
  void warn(KeyRotation primary, String message) {
    LOG.warnf(
        "%s/%s: %s",
        primary.getMetadata().getNamespace(), primary.getMetadata().getName(), message);
    events.record(primary, ConditionReason.DATABASE_UNAVAILABLE, message, true);
  }

  void report(KeyRotation primary, Turn.Taken taken) {
    metrics.report(primary, taken, clock.instant());
    // A rotation that begins stands in the new status only, one that ends in the old one.
    try (LogContext context = LogContext.of(taken.status(), Statuses.of(primary))) {
      News.all(primary, taken).forEach(news -> tell(primary, news));
    }
  }

  private void tell(KeyRotation primary, News news) {
    String name = primary.getMetadata().getNamespace() + "/" + primary.getMetadata().getName();
    if (news.warning()) {
      LOG.warnf("%s: %s: %s", name, news.reason().text(), news.message());
    } else {
      LOG.infof("%s: %s: %s", name, news.reason().text(), news.message());
    }
    events.record(primary, news.reason(), news.message(), news.warning());
  }
}
