package dev.keyrotation.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Files of which each holds one key and nothing else. */
@JsonInclude(JsonInclude.Include.NON_NULL)
@ValidationRule(
    value = "!has(self.saltKey) || self.masterKey != self.saltKey",
    message = "masterKey and saltKey name the same file")
public record CredentialFiles(
    @Required
        @Size(min = 1, max = 4096)
        @Pattern(PATH)
        @JsonPropertyDescription(
            "Absolute path of the file whose content is the master key, with or without a line"
                + " end.")
        String masterKey,
    @Size(min = 1, max = 4096)
        @Pattern(PATH)
        @JsonPropertyDescription(
            "Absolute path of the file whose content is the salt key. Without it the master key"
                + " encrypts the data.")
        @Nullable String saltKey) {

  private static final String PATH = "^/[^\\n\\r]*$";

  /** The paths, in the order in which they are written. */
  public List<String> paths() {
    return Stream.of(masterKey, saltKey).filter(path -> path != null).toList();
  }
}
