package dev.keyrotation.proxy;

import dev.keyrotation.key.KeyMaterial;
import java.net.URI;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Questions to one running instance. No method throws for what the instance answers or fails to
 * answer.
 */
public interface ProxyApi {

  /** What an admin-only route says to a key. */
  sealed interface KeyAnswer {
    /** 200: the key has admin rights. */
    record Accepted() implements KeyAnswer {}

    /**
     * The key is refused, also as an ordinary key, while the instance's database is connected (or
     * it has none).
     */
    record Refused() implements KeyAnswer {}

    /** The key is accepted, but as an ordinary one without admin rights. */
    record Ordinary() implements KeyAnswer {}

    /**
     * None of these: no connection, a time-out, an error, or a refusal that proves nothing because
     * the database is down. {@code why} stands after the instance's name.
     */
    record Unclear(String why) implements KeyAnswer {}
  }

  /**
   * Tries {@code key} on an admin-only route, {@code /key/list} for another user; without a
   * database on one that needs none. Whether an accepted key is the instance's own master key or
   * that of an admin row in the database, {@link #origin} may tell.
   */
  KeyAnswer ask(URI instance, KeyMaterial key);

  /** Why an instance takes a key for an admin's. */
  enum KeyOrigin {
    /** It is the master key that the instance was started with. */
    OWN_MASTER_KEY,
    /** A row of the database makes it one: the instance was started with another master key. */
    ROW,
    /** The instance does not tell: LiteLLM before 1.84, or no clear answer. */
    NOT_TOLD
  }

  /**
   * Why {@code instance} accepts {@code key}, which it does. Since 1.84 LiteLLM keeps its own
   * master key under an alias and so finds no row for it, also when there is one.
   */
  KeyOrigin origin(URI instance, KeyMaterial key);

  /** What the instance says of itself. */
  sealed interface Models {
    /**
     * {@code stored} models come from the database; {@code unreadable} are the ids of those shown
     * as ciphertext.
     */
    record Listed(int stored, List<String> unreadable) implements Models {}

    /** It could not be asked. */
    record Unclear(String why) implements Models {}
  }

  /**
   * Lists the models: a stored model whose parameters do not decrypt is shown with ciphertext as
   * its name.
   */
  Models models(URI instance, KeyMaterial master);

  /** LiteLLM's version, or null when the instance does not say. */
  @Nullable String version(URI instance, KeyMaterial master);
}
