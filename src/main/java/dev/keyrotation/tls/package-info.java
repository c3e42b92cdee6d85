/** Whom connections trust: authorities, names of servers, and what is said when they do not fit. */
@NullMarked
package dev.keyrotation.tls;

import org.jspecify.annotations.NullMarked;
