/**
 * What can go wrong in the world, classified where it is met: a reason of the API, a sentence, and
 * a recovery.
 */
@NullMarked
package dev.keyrotation.failure;

import org.jspecify.annotations.NullMarked;
