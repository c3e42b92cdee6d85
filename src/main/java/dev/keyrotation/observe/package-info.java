/** Reads the world: is the present step already true? Writes nothing. */
@NullMarked
package dev.keyrotation.observe;

import org.jspecify.annotations.NullMarked;
