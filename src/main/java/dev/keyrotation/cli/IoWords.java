package dev.keyrotation.cli;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;

/** What an I/O error means, in words. */
final class IoWords {
  private IoWords() {}

  static String of(IOException failure) {
    return switch (failure) {
      case NoSuchFileException gone -> "it does not exist";
      case AccessDeniedException denied -> "permission denied; run as root or as its owner";
      case FileSystemException other when other.getReason() != null -> other.getReason();
      default ->
          failure.getMessage() == null ? failure.getClass().getSimpleName() : failure.getMessage();
    };
  }
}
