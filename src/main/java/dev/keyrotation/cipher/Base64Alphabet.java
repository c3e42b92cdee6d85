package dev.keyrotation.cipher;

import java.util.Arrays;
import java.util.Base64;
import org.jspecify.annotations.Nullable;

/**
 * The two alphabets of base64 that LiteLLM has stored values in.
 *
 * <p>Old releases wrote the standard alphabet and read only that one; newer ones write the URL-safe
 * alphabet and read both. So a value is written back in the alphabet that it was found in. Where
 * that cannot be told, because the text has none of the four characters that differ, the standard
 * alphabet is written, which every release reads.
 */
enum Base64Alphabet {
  STANDARD,
  URL_SAFE;

  /** The standard digit that a character stands for; 0 where it is none of either alphabet. */
  private static final byte[] DIGITS = digits();

  private static byte[] digits() {
    byte[] digits = new byte[128];
    for (char c = 0; c < digits.length; c++) {
      digits[c] = (byte) (c == '-' ? '+' : c == '_' ? '/' : isStandardDigit(c) ? c : 0);
    }
    return digits;
  }

  /** The alphabet that {@code text} was written in. */
  static Base64Alphabet of(String text) {
    boolean urlSafe = text.indexOf('-') >= 0 || text.indexOf('_') >= 0;
    boolean standard = text.indexOf('+') >= 0 || text.indexOf('/') >= 0;
    return urlSafe && !standard ? URL_SAFE : STANDARD;
  }

  /** With padding, as LiteLLM writes it. */
  String encode(byte[] bytes) {
    Base64.Encoder encoder = this == URL_SAFE ? Base64.getUrlEncoder() : Base64.getEncoder();
    return encoder.encodeToString(bytes);
  }

  /**
   * Decodes as LiteLLM's readers do, which are Python's: both alphabets, other characters passed
   * over, everything after the padding ignored, but not after a single {@code =} where two belong.
   * Padding may also be missing. Being generous costs nothing, because only a successful
   * authentication makes a text a ciphertext.
   *
   * @return null when the text is no base64
   */
  static byte @Nullable [] decode(String text) {
    byte[] digits = new byte[text.length()];
    int count = 0;
    int padding = 0;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      byte digit = c < DIGITS.length ? DIGITS[c] : 0;
      if (digit != 0) {
        digits[count++] = digit;
        padding = 0;
      } else if (c == '=' && count % 4 >= 2 && count % 4 + ++padding >= 4) {
        break;
      }
    }
    if (count % 4 == 1) {
      return null;
    }
    return Base64.getDecoder().decode(Arrays.copyOf(digits, count));
  }

  /** Whether the text consists of base64 of one alphabet and padding only, in whole quads. */
  static boolean isExact(String text) {
    int end = text.length();
    while (end > 0 && text.length() - end < 2 && text.charAt(end - 1) == '=') {
      end--;
    }
    if (text.isEmpty() || text.length() % 4 != 0) {
      return false;
    }
    boolean urlSafe = false;
    boolean standard = false;
    for (int i = 0; i < end; i++) {
      char c = text.charAt(i);
      if (c == '-' || c == '_') {
        urlSafe = true;
      } else if (c == '+' || c == '/') {
        standard = true;
      } else if (!isStandardDigit(c)) {
        return false;
      }
    }
    return !(urlSafe && standard);
  }

  /** Whether the text has only characters of either alphabet and padding. */
  static boolean isOnlyDigits(String text) {
    return text.chars().allMatch(c -> isStandardDigit((char) c) || "-_=".indexOf(c) >= 0);
  }

  private static boolean isStandardDigit(char c) {
    return (c >= 'A' && c <= 'Z')
        || (c >= 'a' && c <= 'z')
        || (c >= '0' && c <= '9')
        || c == '+'
        || c == '/';
  }
}
