package dev.keyrotation.tls;

import java.net.InetAddress;
import java.util.Locale;

/** Which hosts are this one by their very name; nothing is looked up. */
public final class Loopback {
  private Loopback() {}

  /**
   * Whether {@code host} is {@code localhost} or an address of the loopback interface.
   *
   * @param host a name or an address, IPv6 with or without brackets
   */
  public static boolean is(String host) {
    String plain = host.replaceAll("[\\[\\]]", "").toLowerCase(Locale.ROOT);
    if (plain.equals("localhost")) {
      return true;
    }
    try {
      return InetAddress.ofLiteral(plain).isLoopbackAddress();
    } catch (IllegalArgumentException e) {
      return false; // a name
    }
  }
}
