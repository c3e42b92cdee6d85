package dev.keyrotation.cipher;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What a stored string is before any key is tried. */
sealed interface StoredText {

  /** Nothing: no key opens it and nothing can be lost. */
  record Empty() implements StoredText {}

  /** Has no form that LiteLLM ever wrote a ciphertext in. */
  record Plain() implements StoredText {}

  /**
   * May be a ciphertext; a key decides.
   *
   * @param base64 what stands behind the marks
   */
  record Candidate(Envelope envelope, String base64) implements StoredText {

    /** What the text counts as when no key opens it. Nearly always one does, and nobody asks. */
    Disguise disguise() {
      if (envelope.marked()) {
        return Disguise.MARKED;
      }
      String text = base64.strip();
      if (envelope.format() == CipherFormat.SECRETBOX) {
        return SealedLook.of(text, envelope.sealed()) ? Disguise.LOOKS_SEALED : Disguise.ORDINARY;
      }
      return Base64Alphabet.isOnlyDigits(text) ? Disguise.MARKED : Disguise.ORDINARY;
    }
  }

  /** Carries a mark of ours to be, but not the sealed bytes that belong behind it. */
  record Broken() implements StoredText {}

  /** Carries a format mark that this version does not know, for example {@code v4:}. */
  record UnknownFormat(String format) implements StoredText {}

  /** How much a candidate that no key opens looks like a ciphertext. */
  enum Disguise {
    /** It carries a mark, so it is one. */
    MARKED,
    /** It carries none, but everything else about it is as LiteLLM writes a secretbox. */
    LOOKS_SEALED,
    /** It is base64 by chance: a hash, a name, an access key. */
    ORDINARY
  }

  /** {@code vN:name:} and then base64 of at least 28 bytes, the smallest ciphertext known. */
  Pattern VERSIONED = Pattern.compile("(v\\d{1,3}):[a-z0-9_-]{1,16}:[A-Za-z0-9+/_=-]{38,}");

  static StoredText parse(String text) {
    boolean marked = text.startsWith(Envelope.MARKER);
    String body = marked ? text.substring(Envelope.MARKER.length()) : text;
    if (body.isBlank()) {
      return new Empty();
    }
    for (CipherFormat format : CipherFormat.values()) {
      if (!format.mark().isEmpty() && body.startsWith(format.mark())) {
        return gcm(marked, format, body.substring(format.mark().length()));
      }
    }
    String stripped = body.strip();
    if (stripped.charAt(0) == 'v') {
      Matcher versioned = VERSIONED.matcher(stripped);
      if (versioned.matches()) {
        return new UnknownFormat(versioned.group(1));
      }
    }
    return secretBox(marked, body);
  }

  private static StoredText gcm(boolean marked, CipherFormat format, String base64) {
    byte[] sealed = Base64Alphabet.decode(base64);
    if (sealed != null && sealed.length >= format.overhead()) {
      return new Candidate(new Envelope(marked, format, Base64Alphabet.URL_SAFE, sealed), base64);
    }
    // A sentence that begins with the mark is no ciphertext; a cut-off ciphertext is a broken one.
    return marked || Base64Alphabet.isOnlyDigits(base64.strip()) ? new Broken() : new Plain();
  }

  private static StoredText secretBox(boolean marked, String base64) {
    byte[] sealed = Base64Alphabet.decode(base64);
    if (sealed == null || sealed.length < CipherFormat.SECRETBOX.overhead()) {
      return marked ? new Broken() : new Plain();
    }
    return new Candidate(
        new Envelope(marked, CipherFormat.SECRETBOX, Base64Alphabet.of(base64), sealed), base64);
  }
}
