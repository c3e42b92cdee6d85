/** Key material and the Secrets that hold it. */
@NullMarked
package dev.keyrotation.key;

import org.jspecify.annotations.NullMarked;
