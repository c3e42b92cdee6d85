/** LiteLLM's ciphertexts: how a stored value is recognised, opened and sealed. */
@NullMarked
package dev.keyrotation.cipher;

import org.jspecify.annotations.NullMarked;
