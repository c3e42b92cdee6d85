package dev.keyrotation.plan;

import dev.keyrotation.api.v1alpha1.ConditionReason;

/**
 * Something that blocks a rotation before it begins; the message says what is wrong, where, and
 * what to do.
 */
public record Finding(ConditionReason reason, String message) {}
