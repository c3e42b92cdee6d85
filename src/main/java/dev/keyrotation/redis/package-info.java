/** The Redis server through which LiteLLM instances may share their cache of keys. */
@NullMarked
package dev.keyrotation.redis;

import org.jspecify.annotations.NullMarked;
