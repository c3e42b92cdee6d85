/**
 * What a rotation did, for auditors: one record per edge, each with the hash of the one before it.
 */
@NullMarked
package dev.keyrotation.audit;

import org.jspecify.annotations.NullMarked;
