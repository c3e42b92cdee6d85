package dev.keyrotation.cipher;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * Whether base64 without a mark looks like a secretbox that no key opens, rather than like one of
 * the many other things that are base64 too. A secretbox is at least 40 random bytes, in whole
 * quads of one alphabet; each rule below is one that random bytes break with a chance of less than
 * one in ten thousand, and that a common kind of plaintext keeps.
 *
 * <p>What stays undecidable is random plaintext in exact base64, for example an Azure storage key.
 * Therefore the answer counts only in columns where LiteLLM encrypts every string.
 */
final class SealedLook {
  /** 54 random digits have 36 different ones, give or take 3. */
  private static final int LEAST_VARIETY = 20;

  /** Beginnings of access keys, JSON web tokens, and AWS session tokens. */
  private static final List<String> PLAIN_BEGINNINGS =
      List.of(
          "sk-",
          "sk_",
          "pk-",
          "pk_",
          "rk_",
          "gsk_",
          "xai-",
          "ghp_",
          "hf_",
          "pplx-",
          "AIza",
          "eyJ",
          "IQoJb3JpZ2lu",
          "FwoGZXIvYXdz",
          "litellm_");

  private SealedLook() {}

  static boolean of(String text, byte[] bytes) {
    return Base64Alphabet.isExact(text)
        && PLAIN_BEGINNINGS.stream().noneMatch(text::startsWith)
        && isMixedCase(text)
        && text.chars().distinct().count() >= LEAST_VARIETY
        && !isUtf8(bytes)
        && !isDer(bytes);
  }

  /** Hex digests and lower-case names are not. */
  private static boolean isMixedCase(String text) {
    return text.chars().anyMatch(c -> c >= 'A' && c <= 'Z')
        && text.chars().anyMatch(c -> c >= 'a' && c <= 'z');
  }

  /** Text in base64: service accounts, kubeconfigs, basic credentials. */
  private static boolean isUtf8(byte[] bytes) {
    try {
      StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes));
      return true;
    } catch (CharacterCodingException e) {
      return false;
    }
  }

  /** A certificate or key without its PEM lines: a sequence whose length is that of the whole. */
  private static boolean isDer(byte[] bytes) {
    if (bytes[0] != 0x30) {
      return false;
    }
    int first = bytes[1] & 0xff;
    int second = bytes[2] & 0xff;
    int third = bytes[3] & 0xff;
    return switch (first) {
      case 0x81 -> second + 3 == bytes.length;
      case 0x82 -> (second << 8 | third) + 4 == bytes.length;
      default -> first + 2 == bytes.length;
    };
  }
}
