/** The effects of a rotation, one class per step, each safe to repeat. */
@NullMarked
package dev.keyrotation.step;

import org.jspecify.annotations.NullMarked;
