package dev.keyrotation.audit;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.keyrotation.api.v1alpha1.DataCounts;
import dev.keyrotation.api.v1alpha1.Direction;
import dev.keyrotation.api.v1alpha1.KeyFingerprints;
import dev.keyrotation.api.v1alpha1.KeyKind;
import dev.keyrotation.api.v1alpha1.RolloutMode;
import dev.keyrotation.api.v1alpha1.RotationReason;
import dev.keyrotation.api.v1alpha1.RotationResult;
import dev.keyrotation.api.v1alpha1.StepName;
import dev.keyrotation.api.v1alpha1.Trigger;
import io.soabase.recordbuilder.core.RecordBuilder;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What one record says, without its place in the chain. It holds fingerprints, never a key.
 *
 * @param event what happened
 * @param rotation id of the rotation; null when it belongs to none
 * @param actor who made it happen: a user of the host, or the field manager of a cluster's resource
 * @param trigger what started the rotation
 * @param request the request that started it
 * @param rotationReason why the keys are replaced: routine, or somebody else may know them; null in
 *     lines of earlier versions and where no rotation is told of
 * @param direction which way it goes
 * @param step the step that begins, or in which it happened
 * @param keys the keys that it replaces
 * @param mode how instances are restarted
 * @param oldKeys fingerprints of the keys before it
 * @param newKeys fingerprints of the keys that it made; null before it made them
 * @param data what was done to the database
 * @param unavailableSeconds how long no instance was to serve
 * @param result how it ended
 * @param reason a reason of the API, for example {@code VerificationFailed}
 * @param message what is wrong, where, and what to do; a very long one is cut
 */
@RecordBuilder
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public record AuditEntry(
    AuditEvent event,
    @Nullable String rotation,
    @Nullable String actor,
    @Nullable Trigger trigger,
    @Nullable String request,
    @Nullable RotationReason rotationReason,
    @Nullable Direction direction,
    @Nullable StepName step,
    List<KeyKind> keys,
    @Nullable RolloutMode mode,
    @Nullable KeyFingerprints oldKeys,
    @Nullable KeyFingerprints newKeys,
    @Nullable DataCounts data,
    @Nullable Long unavailableSeconds,
    @Nullable RotationResult result,
    @Nullable String reason,
    @Nullable String message)
    implements AuditEntryBuilder.With {
  private static final int LONGEST_MESSAGE = 2048;

  public AuditEntry {
    if (message != null && message.length() > LONGEST_MESSAGE) {
      message = message.substring(0, LONGEST_MESSAGE) + "…";
    }
    keys = keys == null ? List.of() : List.copyOf(keys);
  }
}
