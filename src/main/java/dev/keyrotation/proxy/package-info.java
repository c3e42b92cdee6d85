/** LiteLLM's HTTP API, as far as a rotation asks it. */
@NullMarked
package dev.keyrotation.proxy;

import org.jspecify.annotations.NullMarked;
