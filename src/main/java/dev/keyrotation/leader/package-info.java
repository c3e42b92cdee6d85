/**
 * One process at a time acts, the others stand by with warm caches: election by a Lease, and what a
 * process does when it may no longer act.
 */
@NullMarked
package dev.keyrotation.leader;

import org.jspecify.annotations.NullMarked;
