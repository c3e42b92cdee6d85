package dev.keyrotation.cli;

import dev.keyrotation.api.v1alpha1.KeyRotation;

/**
 * How a verb ended.
 *
 * @param sentence for people
 * @param resource the resource as it is now
 */
record Result(ExitCode exitCode, String sentence, KeyRotation resource) {}
