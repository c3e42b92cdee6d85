/** Old status, decision and outcome make the new status, whole. No clock, randomness or I/O. */
@NullMarked
package dev.keyrotation.status;

import org.jspecify.annotations.NullMarked;
