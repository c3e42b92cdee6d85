package dev.keyrotation.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import io.soabase.recordbuilder.core.RecordBuilder;
import org.jspecify.annotations.Nullable;

/** What is asked of a connection before anything secret is sent over it. */
@RecordBuilder
@JsonInclude(JsonInclude.Include.NON_NULL)
@ValidationRule(
    value =
        "!has(self.mode) || self.mode != 'Disabled' || !(has(self.caFrom) || has(self.serverName))",
    message = "mode Disabled verifies nothing: leave out caFrom and serverName, or the mode")
public record TlsSpec(
    @JsonPropertyDescription(
            "VerifyFull: TLS 1.2 or newer, with a certificate for the server's name from a trusted authority."
                + " Disabled: the URL alone decides, and what is sent may be read and changed on its way."
                + " By default VerifyFull, and Disabled for a server on the loopback address.")
        @Nullable TlsMode mode,
    @JsonPropertyDescription(
            "The authorities to trust, and no others: one or more certificates in PEM form. By default"
                + " those that the Java runtime knows.")
        @Nullable CaSource caFrom,
    @Size(min = 1, max = 253)
        @Pattern("^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$")
        @JsonPropertyDescription(
            "DNS name that the certificate has to be for, when it is not the host that is connected to.")
        @Nullable String serverName)
    implements TlsSpecBuilder.With {

  /** Nothing is said: {@link TlsMode#VERIFY_FULL}, except on the loopback address. */
  public static TlsSpec defaults() {
    return new TlsSpec(null, null, null);
  }

  /** The user says that plain connections will do. */
  public static TlsSpec disabled() {
    return new TlsSpec(TlsMode.DISABLED, null, null);
  }

  /** Trusts the authorities of {@code source} and no others. */
  public static TlsSpec verifiedBy(CaSource source) {
    return new TlsSpec(null, source, null);
  }
}
