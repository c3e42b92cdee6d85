package dev.keyrotation.controller;

import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import io.fabric8.kubernetes.api.model.EventBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.time.Clock;
import java.time.temporal.ChronoUnit;
import org.jboss.logging.Logger;

/**
 * Writes Kubernetes events on a KeyRotation. An event that cannot be written is logged and never
 * stops a rotation.
 */
class EventRecorder {
  private static final Logger LOG = Logger.getLogger(EventRecorder.class);
  private static final int LONGEST_NOTE = 1024;

  private final KubernetesClient client;
  private final Clock clock;

  EventRecorder(KubernetesClient client, Clock clock) {
    this.client = client;
    this.clock = clock;
  }

  void record(KeyRotation primary, ConditionReason reason, String message, boolean warning) {
    String now = clock.instant().truncatedTo(ChronoUnit.SECONDS).toString();
    try {
      client
          .v1()
          .events()
          .inNamespace(primary.getMetadata().getNamespace())
          .resource(
              new EventBuilder()
                  .withNewMetadata()
                  .withGenerateName(primary.getMetadata().getName() + ".")
                  .withNamespace(primary.getMetadata().getNamespace())
                  .endMetadata()
                  .withNewInvolvedObject()
                  .withApiVersion(primary.getApiVersion())
                  .withKind(primary.getKind())
                  .withNamespace(primary.getMetadata().getNamespace())
                  .withName(primary.getMetadata().getName())
                  .withUid(primary.getMetadata().getUid())
                  .endInvolvedObject()
                  .withType(warning ? "Warning" : "Normal")
                  .withReason(reason.text())
                  .withMessage(
                      message.length() > LONGEST_NOTE
                          ? message.substring(0, LONGEST_NOTE)
                          : message)
                  .withFirstTimestamp(now)
                  .withLastTimestamp(now)
                  .withCount(1)
                  .withNewSource()
                  .withComponent(KeyRotationReconciler.NAME)
                  .endSource()
                  .withReportingComponent(KeyRotationReconciler.NAME)
                  .build())
          .create();
    } catch (KubernetesClientException e) {
      LOG.warnf("an event could not be written: HTTP status %d", e.getCode());
    }
  }
}
