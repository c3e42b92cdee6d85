/**
 * Every decision of a rotation. No clock, randomness or I/O: time is an argument, the world is a
 * value.
 */
@NullMarked
package dev.keyrotation.plan;

import org.jspecify.annotations.NullMarked;
