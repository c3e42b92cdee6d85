package dev.keyrotation.cipher;

import java.nio.charset.StandardCharsets;
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

  private static final byte NO_DIGIT = -1;

  /** The six bits that a character stands for in either alphabet. */
  private static final byte[] BITS = bits();

  private static byte[] bits() {
    byte[] bits = new byte[256];
    Arrays.fill(bits, NO_DIGIT);
    String digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (byte i = 0; i < digits.length(); i++) {
      bits[digits.charAt(i)] = i;
    }
    bits['-'] = bits['+'];
    bits['_'] = bits['/'];
    return bits;
  }

  /** The alphabet that {@code text} was written in. */
  static Base64Alphabet of(String text) {
    boolean urlSafe = false;
    for (int i = 0; i < text.length(); i++) {
      switch (text.charAt(i)) {
        case '+', '/' -> {
          return STANDARD;
        }
        case '-', '_' -> urlSafe = true;
        default -> {}
      }
    }
    return urlSafe ? URL_SAFE : STANDARD;
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
    byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1); // what it does not have becomes "?"
    int count = 0;
    int padding = 0;
    int quad = 0;
    int end = 0; // decoded in place: never ahead of what is read
    for (byte c : bytes) {
      byte bits = BITS[c & 0xff];
      if (bits != NO_DIGIT) {
        quad = quad << 6 | bits;
        padding = 0;
        if ((++count & 3) == 0) {
          bytes[end++] = (byte) (quad >> 16);
          bytes[end++] = (byte) (quad >> 8);
          bytes[end++] = (byte) quad;
        }
      } else if (c == '=' && (count & 3) >= 2 && (count & 3) + ++padding >= 4) {
        break;
      }
    }
    switch (count & 3) {
      case 1 -> {
        return null;
      }
      case 2 -> bytes[end++] = (byte) (quad >> 4);
      case 3 -> {
        bytes[end++] = (byte) (quad >> 10);
        bytes[end++] = (byte) (quad >> 2);
      }
      default -> {}
    }
    return Arrays.copyOf(bytes, end);
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
