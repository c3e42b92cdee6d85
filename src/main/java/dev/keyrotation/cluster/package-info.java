/**
 * What the Kubernetes adapters have in common: the names of our marks, and how a refused call is
 * reported.
 */
@NullMarked
package dev.keyrotation.cluster;

import org.jspecify.annotations.NullMarked;
