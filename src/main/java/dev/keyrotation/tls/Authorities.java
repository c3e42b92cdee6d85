package dev.keyrotation.tls;

import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.failure.Recovery;
import dev.keyrotation.failure.RotationException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.util.Collection;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;

/** The authorities whose certificates count. */
public final class Authorities {
  private Authorities() {}

  /**
   * A context that trusts those of {@code pem} and no others; null: those that the Java runtime
   * knows.
   *
   * @param where what is said of a text that holds no certificate: {@code spec.database.tls.caFrom}
   * @throws RotationException with {@code TLS_FAILED} when it holds none
   */
  public static SSLContext context(@Nullable String pem, String where) {
    try {
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(null, pem == null ? null : managers(pem, where), null);
      return context;
    } catch (GeneralSecurityException | IOException e) {
      throw new IllegalStateException("this Java runtime has no TLS", e);
    }
  }

  private static TrustManager[] managers(String pem, String where)
      throws GeneralSecurityException, IOException {
    KeyStore trusted = KeyStore.getInstance(KeyStore.getDefaultType());
    trusted.load(null, null);
    int number = 0;
    for (Certificate certificate : certificates(pem, where)) {
      trusted.setCertificateEntry("authority-" + number++, certificate);
    }
    TrustManagerFactory factory =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    factory.init(trusted);
    return factory.getTrustManagers();
  }

  private static Collection<? extends Certificate> certificates(String pem, String where) {
    try {
      Collection<? extends Certificate> found =
          CertificateFactory.getInstance("X.509")
              .generateCertificates(
                  new ByteArrayInputStream(pem.getBytes(StandardCharsets.US_ASCII)));
      if (!found.isEmpty()) {
        return found;
      }
    } catch (CertificateException e) {
      // It may quote what it was given: somebody may have named the private key's entry.
    }
    throw new RotationException(
        ConditionReason.TLS_FAILED,
        Recovery.HALT,
        where
            + " holds no readable certificate. It has to hold those of the authorities, in PEM form:"
            + " -----BEGIN CERTIFICATE----- and so on.");
  }
}
