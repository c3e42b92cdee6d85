package dev.keyrotation.controller;

import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.engine.News;
import dev.keyrotation.engine.Turn;
import org.jboss.logging.Logger;

/**
 * Tells people what a turn did: an event and a log line at each edge, none while nothing changes.
 */
final class TurnReporter {
  private static final Logger LOG = Logger.getLogger("dev.keyrotation.rotation");

  private final EventRecorder events;

  TurnReporter(EventRecorder events) {
    this.events = events;
  }

  void report(KeyRotation primary, Turn.Taken taken) {
    News.of(primary, taken)
        .ifPresent(
            news -> {
              String name =
                  primary.getMetadata().getNamespace() + "/" + primary.getMetadata().getName();
              if (news.warning()) {
                LOG.warnf("%s: %s: %s", name, news.reason().text(), news.message());
              } else {
                LOG.infof("%s: %s: %s", name, news.reason().text(), news.message());
              }
              events.record(primary, news.reason(), news.message(), news.warning());
            });
  }
}
