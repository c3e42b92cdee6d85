/** systemd units that run LiteLLM, on whatever host. */
@NullMarked
package dev.keyrotation.systemd;

import org.jspecify.annotations.NullMarked;
