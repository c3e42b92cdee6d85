/**
 * The {@code keyrotation} command: the engine with a state directory on a host, and the same verbs
 * on a resource in a cluster.
 */
@NullMarked
package dev.keyrotation.cli;

import org.jspecify.annotations.NullMarked;
