package dev.keyrotation.envfile;

import dev.keyrotation.api.v1alpha1.ConditionReason;
import dev.keyrotation.failure.Recovery;
import dev.keyrotation.failure.RotationException;
import dev.keyrotation.key.KeyMaterial;
import dev.keyrotation.key.KeySet;
import dev.keyrotation.key.MasterKeyCheck;
import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A key that is the whole content of a file, as {@code LoadCredential=} hands it on. The line ends
 * behind it are no part of it: {@code $(cat FILE)} drops them. They stay as they are.
 */
final class CredentialKey implements KeyContent {
  private final KeyFile file;
  private final byte[] content;

  CredentialKey(KeyFile file, byte[] content) {
    this.file = file;
    this.content = content.clone();
  }

  private boolean isMaster() {
    return file.holds() == KeyFile.Holds.MASTER;
  }

  /** How many bytes the key has. */
  private int length() {
    int end = content.length;
    while (end > 0 && content[end - 1] == '\n') {
      end--;
    }
    return end;
  }

  @Override
  public Found read() {
    String text = KeyContent.utf8(Arrays.copyOf(content, length()));
    String problem =
        text == null
            ? "is no UTF-8 text"
            : text.indexOf('\n') >= 0
                ? "holds more than one line"
                : text.indexOf('\0') >= 0
                    ? "holds a zero byte, which no variable can"
                    : isMaster() ? MasterKeyCheck.problem(text) : null;
    if (text == null || problem != null) {
      return new Found.Unusable(
          file.where()
              + " "
              + problem
              + ". The file is to hold the "
              + name()
              + " and nothing else; for lines NAME=value use systemdUnit.environmentFile.",
          false);
    }
    KeyMaterial key = KeyMaterial.of(text);
    return isMaster()
        ? new Found.Keys(
            key, null, List.of(), present(KeyContent.unusualMaster(file.where(), text)))
        : new Found.Keys(
            null,
            key,
            List.of(),
            present(text.isEmpty() ? KeyContent.emptySalt(file.where()) : null));
  }

  private static List<String> present(@Nullable String warning) {
    return Stream.ofNullable(warning).toList();
  }

  private String name() {
    return isMaster() ? "master key" : "salt key";
  }

  private @Nullable KeyMaterial wanted(KeySet keys) {
    return isMaster() ? keys.master() : keys.salt();
  }

  private static @Nullable KeyMaterial only(Found.Keys found) {
    return found.master() == null ? found.salt() : found.master();
  }

  @Override
  public boolean holds(KeySet keys) {
    return read() instanceof Found.Keys found && Objects.equals(only(found), wanted(keys));
  }

  @Override
  public CredentialKey with(KeySet keys) {
    KeyMaterial key = wanted(keys);
    if (key == null) {
      throw new RotationException(
          ConditionReason.SECRET_NOT_WRITABLE,
          Recovery.ROLL_BACK,
          "There is no salt key to be written to " + file.where() + ".");
    }
    return with(key);
  }

  private CredentialKey with(KeyMaterial key) {
    ByteArrayOutputStream changed = new ByteArrayOutputStream();
    changed.writeBytes(key.utf8());
    changed.write(content, length(), content.length - length());
    return of(changed.toByteArray());
  }

  @Override
  public CredentialKey withKeysOf(KeyContent other) {
    KeyMaterial key = other.read() instanceof Found.Keys found ? only(found) : null;
    return key == null ? this : with(key);
  }

  @Override
  public CredentialKey of(byte[] other) {
    return new CredentialKey(file, other);
  }

  @Override
  public byte[] bytes() {
    return content.clone();
  }

  /** Without its content. */
  @Override
  public String toString() {
    return "CredentialKey[" + file.where() + "]";
  }
}
