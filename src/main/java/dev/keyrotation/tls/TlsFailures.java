package dev.keyrotation.tls;

import java.security.cert.CertPathBuilderException;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateNotYetValidException;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/** Tells from types, and never from texts, what is wrong with a server's certificate. */
public final class TlsFailures {
  private TlsFailures() {}

  /**
   * What is wrong with the certificate, to stand after the name of the server; null when {@code
   * failure} has nothing to do with one.
   *
   * @param name the name that the certificate was to be for
   */
  public static @Nullable String distrust(Throwable failure, String name) {
    boolean certificate = false;
    boolean chain = false;
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (isOutOfDate(cause)) {
        return "shows a certificate that is not valid now: it has expired, or a clock is wrong";
      }
      certificate |= cause instanceof CertificateException;
      chain |=
          cause instanceof CertPathBuilderException || cause instanceof CertPathValidatorException;
    }
    return chain
        ? "shows a certificate of an authority that is not trusted here"
        : certificate ? "shows a certificate that is not for the name " + name : null;
  }

  private static boolean isOutOfDate(Throwable cause) {
    return cause instanceof CertificateExpiredException
        || cause instanceof CertificateNotYetValidException;
  }

  /** Whether TLS could not be spoken, for whatever reason. */
  public static boolean isTls(Throwable failure) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (cause instanceof SSLException) {
        return true;
      }
    }
    return false;
  }
}
