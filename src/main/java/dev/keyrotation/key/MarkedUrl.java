package dev.keyrotation.key;

import org.jspecify.annotations.Nullable;

/**
 * A connection URL and the {@code application_name} in it. Only that parameter is read or changed:
 * no other byte, also not white space at the end. Prisma, in LiteLLM, sends it to the server when
 * it connects, and so does every client that follows libpq.
 */
final class MarkedUrl {
  /** How marks of rotations begin; another name is the user's own. */
  static final String PREFIX = "keyrotation-r";

  private static final String PARAMETER = "application_name=";

  private final String url;

  private MarkedUrl(String url) {
    this.url = url;
  }

  static MarkedUrl of(String url) {
    return new MarkedUrl(url);
  }

  /** Why no mark can be put into it; null when one can. */
  @Nullable String obstacle() {
    String query = query();
    if (query.contains("#")) {
      return "the URL has a # in its parameters";
    }
    if (url.strip().isEmpty() || url.indexOf("://") < 0) {
      return "the entry holds no URL";
    }
    String name = applicationName();
    if (name != null && query.indexOf(PARAMETER) != query.lastIndexOf(PARAMETER)) {
      return "the URL has application_name twice; remove both";
    }
    return name == null || name.startsWith(PREFIX)
        ? null
        : "the URL has an application_name of its own; remove it there";
  }

  /** The mark of a rotation; null when there is none. */
  @Nullable String mark() {
    String name = applicationName();
    return name != null && name.startsWith(PREFIX) ? name : null;
  }

  /** The URL with {@code mark} in the place of an earlier one, or added. */
  String with(String mark) {
    int end = url.stripTrailing().length();
    int begin = start();
    if (begin >= 0) {
      int next = url.indexOf('&', begin);
      int stop = next < 0 ? end : next;
      return url.substring(0, begin + PARAMETER.length()) + mark + url.substring(stop);
    }
    String before = url.substring(0, end);
    String separator =
        queryStart() < 0 ? "?" : before.endsWith("?") || before.endsWith("&") ? "" : "&";
    return before + separator + PARAMETER + mark + url.substring(end);
  }

  private @Nullable String applicationName() {
    int begin = start();
    if (begin < 0) {
      return null;
    }
    int next = url.indexOf('&', begin);
    return url.substring(
        begin + PARAMETER.length(), next < 0 ? url.stripTrailing().length() : next);
  }

  /** Where the parameter begins; negative when there is none. */
  private int start() {
    int from = queryStart();
    if (from < 0) {
      return -1;
    }
    int found = url.indexOf("?" + PARAMETER, from);
    if (found == from) {
      return found + 1;
    }
    found = url.indexOf("&" + PARAMETER, from);
    return found < 0 ? -1 : found + 1;
  }

  /** As the operator reads it: a question mark of the password would have to be encoded. */
  private int queryStart() {
    int scheme = url.indexOf("://");
    return url.indexOf('?', Math.max(scheme, 0));
  }

  private String query() {
    return queryStart() < 0 ? "" : url.substring(queryStart());
  }

  /** Without its content, which is a password. */
  @Override
  public String toString() {
    return "MarkedUrl[redacted]";
  }
}
