package dev.keyrotation.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import org.jspecify.annotations.Nullable;

/** How running instances are asked. */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record ProxySpec(
    @JsonPropertyDescription(
            "TLS to the instances; questions to them carry the master key. Pods are asked by their own"
                + " addresses, over https unless the mode is Disabled: serverName is the name in their"
                + " certificate. A unit is asked by its url.")
        TlsSpec tls) {

  public ProxySpec(@Nullable TlsSpec tls) {
    this.tls = tls == null ? TlsSpec.defaults() : tls;
  }

  /** Whether pods are asked over https. */
  public boolean asksPodsOverTls() {
    return tls.mode() != TlsMode.DISABLED;
  }

  /** Over plain HTTP. */
  public static ProxySpec plain() {
    return new ProxySpec(TlsSpec.disabled());
  }
}
