package dev.keyrotation.controller;

import dev.keyrotation.api.v1alpha1.KeyRotation;
import dev.keyrotation.api.v1alpha1.KeyRotationStatus;
import dev.keyrotation.engine.RotationEngine;
import dev.keyrotation.engine.Turn;
import dev.keyrotation.plan.Statuses;
import io.javaoperatorsdk.operator.api.reconciler.Cleaner;
import io.javaoperatorsdk.operator.api.reconciler.Context;
import io.javaoperatorsdk.operator.api.reconciler.ControllerConfiguration;
import io.javaoperatorsdk.operator.api.reconciler.DeleteControl;
import io.javaoperatorsdk.operator.api.reconciler.EventSourceContext;
import io.javaoperatorsdk.operator.api.reconciler.MaxReconciliationInterval;
import io.javaoperatorsdk.operator.api.reconciler.Reconciler;
import io.javaoperatorsdk.operator.api.reconciler.UpdateControl;
import io.javaoperatorsdk.operator.processing.event.source.EventSource;
import io.javaoperatorsdk.operator.processing.retry.GradualRetry;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * The shell around the engine: one turn per reconcile, one status patch, one explicit wake-up.
 *
 * <p>Status patches and annotations do not wake it, and by default the framework gives up after
 * five failed attempts; so each turn says when the next one is due, retries never end, and a
 * fail-safe interval stands behind both.
 */
@ControllerConfiguration(
    name = KeyRotationReconciler.NAME,
    finalizerName = "keyrotation.dev/finalizer",
    fieldManager = KeyRotationReconciler.NAME,
    maxReconciliationInterval =
        @MaxReconciliationInterval(interval = 5, timeUnit = TimeUnit.MINUTES))
@GradualRetry(
    maxAttempts = Integer.MAX_VALUE,
    initialInterval = 2_000,
    intervalMultiplier = 1.5,
    maxInterval = 60_000)
public class KeyRotationReconciler implements Reconciler<KeyRotation>, Cleaner<KeyRotation> {
  static final String NAME = "keyrotation";

  private static final Duration AFTER_CHANGE = Duration.ofSeconds(1);

  private final RotationEngine engine;
  private final LiveResource live;
  private final TurnReporter reporter;
  private final WatchedRivals rivals;
  private final ClusterAudit audit;

  public KeyRotationReconciler(
      RotationEngine engine,
      LiveResource live,
      TurnReporter reporter,
      WatchedRivals rivals,
      ClusterAudit audit) {
    this.engine = engine;
    this.live = live;
    this.reporter = reporter;
    this.rivals = rivals;
    this.audit = audit;
  }

  /** There are no secondary resources: what is not ours is read when it is needed. */
  @Override
  public List<EventSource<?, KeyRotation>> prepareEventSources(
      EventSourceContext<KeyRotation> context) {
    rivals.index(context.getPrimaryCache());
    return List.of();
  }

  @Override
  public UpdateControl<KeyRotation> reconcile(KeyRotation primary, Context<KeyRotation> context) {
    try (LogContext logs = LogContext.of(Statuses.of(primary))) {
      audit.catchUp(primary); // what is stored, before anything that follows from it
      return switch (engine.turn(primary, live)) {
        case Turn.Outdated() -> UpdateControl.<KeyRotation>noUpdate().rescheduleAfter(AFTER_CHANGE);
        case Turn.Taken taken -> {
          reporter.report(primary, taken);
          audit.beforeStatus(primary, taken);
          yield control(primary, taken.status()).rescheduleAfter(taken.wake());
        }
      };
    }
  }

  private static UpdateControl<KeyRotation> control(KeyRotation primary, KeyRotationStatus next) {
    return next.equals(Statuses.of(primary))
        ? UpdateControl.noUpdate()
        : UpdateControl.patchStatus(LiveResource.withStatus(primary, next));
  }

  /**
   * A resource that is deleted in mid-rotation ends the rotation first: half-way, nobody could tell
   * which keys are right. The consumer Secret and the key Secrets stay.
   */
  @Override
  public DeleteControl cleanup(KeyRotation primary, Context<KeyRotation> context) {
    audit.catchUp(primary);
    if (Statuses.of(primary).rotation() == null) {
      String left = engine.leave(primary);
      if (left != null) {
        reporter.warn(primary, "The claim on the database was not released: " + left);
      }
      audit.forget(primary);
      return DeleteControl.defaultDelete();
    }
    try (LogContext logs = LogContext.of(Statuses.of(primary))) {
      return switch (engine.turn(primary, live)) {
        case Turn.Outdated() ->
            DeleteControl.noFinalizerRemoval().rescheduleAfter(AFTER_CHANGE.toMillis());
        case Turn.Taken taken -> {
          reporter.report(primary, taken);
          audit.beforeStatus(primary, taken);
          live.patchStatus(primary, taken.status());
          yield DeleteControl.noFinalizerRemoval().rescheduleAfter(taken.wake().toMillis());
        }
      };
    }
  }
}
