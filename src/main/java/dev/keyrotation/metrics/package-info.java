/**
 * What Prometheus is told about rotations. Labels hold names of resources and words of the API,
 * never keys, fingerprints or messages.
 */
@NullMarked
package dev.keyrotation.metrics;

import org.jspecify.annotations.NullMarked;
