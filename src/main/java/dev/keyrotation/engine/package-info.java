/**
 * One turn of a rotation: observe, decide, execute, record. The same for every host of the engine.
 */
@NullMarked
package dev.keyrotation.engine;

import org.jspecify.annotations.NullMarked;
