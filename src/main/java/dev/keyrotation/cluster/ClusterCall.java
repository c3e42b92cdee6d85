package dev.keyrotation.cluster;

import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.failure.Recovery;
import dev.keyrotation.failure.RotationException;
import io.fabric8.kubernetes.api.model.Status;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.net.HttpURLConnection;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Calls the API server and turns its refusals into {@link RotationException}s. The text of a
 * refusal is never repeated and the exception is not kept as a cause: both may quote the object
 * that was sent, keys included.
 */
public final class ClusterCall {
  private static final int UNPROCESSABLE = 422;

  private ClusterCall() {}

  /**
   * Runs {@code call}.
   *
   * @param doing what it does, to stand after "Cannot": {@code read Secret ai/litellm-keys}
   * @throws RotationException with {@code CLUSTER_UNAVAILABLE} and {@code RETRY}
   */
  public static <T> T of(String doing, Supplier<T> call) {
    try {
      return call.get();
    } catch (KubernetesClientException e) {
      throw failure(doing, e);
    }
  }

  /** The exception that {@link #of} throws for {@code e}. */
  public static RotationException failure(String doing, KubernetesClientException e) {
    return new RotationException(
        ConditionReason.CLUSTER_UNAVAILABLE,
        Recovery.RETRY,
        "Cannot " + doing + ": " + why(e) + ".");
  }

  /** Whether the API server does not let us do it. */
  public static boolean isForbidden(KubernetesClientException e) {
    return e.getCode() == HttpURLConnection.HTTP_FORBIDDEN;
  }

  /** Whether the object exists already, or is no longer the one that we read. */
  public static boolean isConflict(KubernetesClientException e) {
    return e.getCode() == HttpURLConnection.HTTP_CONFLICT;
  }

  /** Whether the API server finds the object, or the change, invalid. */
  public static boolean isInvalid(KubernetesClientException e) {
    return e.getCode() == UNPROCESSABLE;
  }

  private static String why(KubernetesClientException e) {
    return switch (e.getCode()) {
      case 0 -> "the API server cannot be reached" + kind(e.getCause());
      case HttpURLConnection.HTTP_UNAUTHORIZED ->
          "the API server does not know the operator's service account (HTTP 401)";
      case HttpURLConnection.HTTP_FORBIDDEN ->
          "the API server forbids it (HTTP 403); the operator's role lacks this right, or an admission rule"
              + " refuses";
      case HttpURLConnection.HTTP_NOT_FOUND -> "it does not exist (HTTP 404)";
      case HttpURLConnection.HTTP_CONFLICT ->
          "somebody else changed it at the same time (HTTP 409)";
      default -> "the API server answers HTTP " + e.getCode() + reason(e.getStatus());
    };
  }

  private static String kind(@Nullable Throwable cause) {
    return cause == null ? "" : " (" + cause.getClass().getSimpleName() + ")";
  }

  /** The machine-readable word of the answer, for example {@code Invalid}; never its message. */
  private static String reason(@Nullable Status status) {
    return status == null || status.getReason() == null ? "" : " " + status.getReason();
  }
}
